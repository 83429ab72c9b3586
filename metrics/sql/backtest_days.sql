-- The days of a range of which a number is stored; one look into the primary key for each day.
SELECT day::date
FROM generate_series({first}::date, {last}::date, interval '1 day') AS day
WHERE EXISTS (SELECT FROM metrics_metricvalue AS value WHERE value.key = {key} AND value.as_of = day::date)
ORDER BY day
