-- Taking the marks waits for intakes that are just setting one of them; the statements that follow then see
-- their events. An intake that comes later waits for us and leaves a new mark.
WITH held AS (
    SELECT mark.account_id, mark.day
    FROM product_usagedaytorecompute AS mark
    WHERE mark.account_id BETWEEN {first} AND {last}
    ORDER BY mark.account_id, mark.day
    FOR UPDATE
),
taken AS (
    DELETE FROM product_usagedaytorecompute AS mark
    USING held
    WHERE mark.account_id = held.account_id AND mark.day = held.day
    RETURNING mark.account_id, mark.day
)
INSERT INTO product_usage_taken (account_id, day)
-- Days of retired months keep what was rolled up while their events were there.
SELECT taken.account_id, taken.day
FROM taken
WHERE taken.day >= coalesce((SELECT max(month) + interval '1 month' FROM product_retiredmonth), '-infinity')
