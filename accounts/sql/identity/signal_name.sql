INSERT INTO identity_signal (low, high, signal, points, "text")
SELECT low, high, 'name',
    CASE WHEN alike = 1 THEN 50 ELSE round(10 + 35 * (alike - %(threshold)s) / (1 - %(threshold)s))::integer END,
    CASE
        WHEN alike = 1 THEN 'Their names are the same once the legal form is left out.'
        ELSE format('Their names are %%s %%%% alike.', floor(alike * 100)::integer)
    END
FROM unnest(%(lows)s::bigint[], %(highs)s::bigint[], %(alike)s::numeric[]) AS pair (low, high, alike)
