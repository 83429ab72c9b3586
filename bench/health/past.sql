-- The numbers of one night told again at :count month-ends, a little different each time; the last six tell revenue only.
-- One account in fifty stops paying at some month-end, sooner where its numbers are low.
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT night.key, month.day, night.account_id,
    CASE
        WHEN night.key <> 'finance.arr' THEN night.value * (0.8 + (night.account_id * 31 + month.place * 17) % 41 * 0.01)
        WHEN night.account_id % 50 = 7 AND month.place > 2 + night.account_id / 50 % 26 THEN 0
        ELSE night.value * (1 + (night.account_id + month.place) % 7 * 0.01)
    END
FROM (
    SELECT place, (date_trunc('month', :newest::date) - interval '1 month' * (:count - place) - interval '1 day')::date AS day
    FROM generate_series(1, :count) AS place
) AS month
JOIN metrics_metricvalue AS night ON night.as_of = :newest
    AND (
        night.key IN ('finance.arr', 'product.usage_events_30d')
        OR night.key IN (SELECT key FROM metrics_healthcomponent) AND month.place <= :count - 6
    )
