-- The same person known at both. An address at many accounts belongs to an adviser, and says nothing.
INSERT INTO identity_signal (low, high, signal, points, "text")
SELECT pair.low, pair.high, 'contacts', least(45, 15 + 10 * count(*))::integer,
    CASE
        WHEN count(*) = 1 THEN format('Both have a contact with the address %%s.', min(pair.email))
        ELSE format('%%s contacts of both have the same address, such as %%s.', count(*), min(pair.email))
    END
FROM (
    SELECT DISTINCT mine.account_id AS low, other.account_id AS high, mine.email
    FROM identity_address AS mine
    JOIN identity_address AS other ON other.email = mine.email AND other.account_id > mine.account_id
) AS pair
WHERE pair.low IN (SELECT id FROM identity_probe) OR pair.high IN (SELECT id FROM identity_probe)
GROUP BY pair.low, pair.high
