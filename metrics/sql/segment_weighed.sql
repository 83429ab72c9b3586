SELECT stored.account_id, stored.value * weight.value AS numerator, weight.value AS denominator
FROM metrics_metricvalue AS stored
JOIN metrics_metricvalue AS weight
    ON weight.key = {weight} AND weight.as_of = stored.as_of AND weight.account_id = stored.account_id
WHERE stored.key = {key} AND stored.as_of = {day} AND weight.value > 0
