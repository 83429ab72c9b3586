-- How far apart accounts lie in a number on a day: where the lowest tenth ends, and where the highest begins.
SELECT key, percentile_cont(0.1) WITHIN GROUP (ORDER BY value), percentile_cont(0.9) WITHIN GROUP (ORDER BY value)
FROM metrics_metricvalue
WHERE as_of = {as_of} AND key = ANY ({keys})
GROUP BY key
