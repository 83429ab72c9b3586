SELECT upper.account_id, upper.value * {times} / lower.value AS value
FROM metrics_metricvalue AS upper
JOIN metrics_metricvalue AS lower
    ON lower.key = {denominator} AND lower.as_of = {day} AND lower.account_id = upper.account_id
WHERE upper.key = {numerator} AND upper.as_of = {day} AND lower.value > 0
