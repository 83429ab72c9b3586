-- How many days the invoice is late that is most so.
SELECT item.account_id, max({day}::date - item.due_on) AS value
FROM ({items}) AS item
WHERE item.due_on < {day} AND item.open > item.disputed
GROUP BY item.account_id
