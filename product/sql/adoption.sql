-- Where nobody's use was ever told, nothing is known of anybody's.
SELECT held.account_id, count(used.feature)::numeric / count(*) AS value
FROM (SELECT DISTINCT entitled.account_id, entitled.feature FROM ({entitled}) AS entitled) AS held
LEFT JOIN (
    SELECT DISTINCT recent.account_id, recent.feature
    FROM ({used}) AS recent
    WHERE recent.account_id BETWEEN {first} AND {last}
) AS used ON used.account_id = held.account_id AND used.feature = held.feature
WHERE EXISTS (SELECT FROM product_usagefeatureday AS told WHERE told.day <= {as_of})
GROUP BY held.account_id
