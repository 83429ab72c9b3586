SELECT stored.account_id, stored.value * {times} AS numerator, 1 AS denominator
FROM metrics_metricvalue AS stored
WHERE stored.key = {key} AND stored.as_of = {day}
