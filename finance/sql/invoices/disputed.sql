SELECT item.account_id, item.currency, sum(item.disputed) AS amount
FROM ({items}) AS item
GROUP BY item.account_id, item.currency
HAVING sum(item.disputed) > 0
