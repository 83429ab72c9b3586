-- One look into the primary key for each number: (key, as_of) come first there.
INSERT INTO metrics_nightfigure (as_of, key, accounts, total, mean)
SELECT {as_of}, declared.key, figure.accounts, coalesce(figure.total, 0), round(figure.mean, 6)
FROM unnest({keys}::text[]) AS declared (key)
CROSS JOIN LATERAL (
    SELECT count(*) AS accounts, sum(value.value) AS total, avg(value.value) AS mean
    FROM metrics_metricvalue AS value
    WHERE value.key = declared.key AND value.as_of = {as_of}
) AS figure
