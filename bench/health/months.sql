-- A year of month-ends of every segment number, as the night had it.
INSERT INTO metrics_segmentvalue (key, as_of, dimension, member, value, numerator, denominator, accounts)
SELECT held.key, (date_trunc('month', :newest::date) - interval '1 month' * back - interval '1 day')::date, held.dimension,
    held.member, held.value * (1 - back * 0.01), held.numerator, held.denominator, held.accounts
FROM metrics_segmentvalue AS held
CROSS JOIN generate_series(0, 12) AS back
WHERE held.as_of = :newest
ON CONFLICT DO NOTHING
