INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT {key}, {as_of}, source.account_id, source.value
FROM ({source}) AS source
WHERE source.value IS NOT NULL AND source.account_id BETWEEN {first} AND {last}
