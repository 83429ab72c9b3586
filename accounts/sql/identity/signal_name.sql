-- Names alike by trigrams, the nearest few of each account. Names that differ in a number name different things.
INSERT INTO identity_signal (low, high, signal, points, "text")
SELECT low, high, 'name',
    CASE WHEN alike = 1 THEN 50 ELSE round(10 + 35 * (alike - %(threshold)s) / (1 - %(threshold)s))::integer END,
    CASE
        WHEN alike = 1 THEN 'Their names are the same once the legal form is left out.'
        ELSE format('Their names are %%s %%%% alike.', floor(alike * 100)::integer)
    END
FROM (
    SELECT DISTINCT least(mine.id, near.id) AS low, greatest(mine.id, near.id) AS high, near.alike
    FROM identity_probe AS probe
    JOIN identity_name AS mine ON mine.id = probe.id
    CROSS JOIN LATERAL (
        SELECT other.id, similarity(other.name, mine.name)::numeric AS alike
        FROM identity_name AS other
        WHERE other.name %% mine.name AND other.id <> mine.id
            AND regexp_replace(other.name, '[^0-9]+', ' ', 'g') = regexp_replace(mine.name, '[^0-9]+', ' ', 'g')
        ORDER BY 2 DESC, abs(other.id - mine.id)
        LIMIT %(neighbours)s
    ) AS near
) AS pair
