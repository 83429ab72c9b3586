SELECT line.currency, count(DISTINCT line.account_id)
FROM ({lines}) AS line
LEFT JOIN ({rates}) AS rate ON rate.currency = line.currency
WHERE rate.rate IS NULL
    AND line.account_id BETWEEN {first} AND {last}
    AND (
        (line.start_on <= {day} AND (line.ends_on IS NULL OR line.ends_on > {day}))
        OR (line.start_on <= {since} AND (line.ends_on IS NULL OR line.ends_on > {since}))
    )
GROUP BY line.currency
ORDER BY line.currency
