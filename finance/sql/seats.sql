SELECT sold.account_id, max(sold.seats) AS value
FROM ({sold}) AS sold
GROUP BY sold.account_id
