SELECT total.account_id, (recent.value + 1) / ((total.value - recent.value) / {norm_months}::numeric + 1) AS value
FROM ({total}) AS total
JOIN ({recent}) AS recent ON recent.account_id = total.account_id
