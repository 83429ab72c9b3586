-- A number too large to be stored is stored as the largest, so that one absurd record stops nobody's night.
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT {key}, {as_of}, source.account_id,
    CASE WHEN abs(source.value) < 1e18 THEN source.value ELSE sign(source.value) * 999999999999999999 END
FROM ({source}) AS source
WHERE source.value IS NOT NULL AND source.account_id BETWEEN {first} AND {last}
