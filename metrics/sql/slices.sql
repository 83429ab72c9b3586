SELECT min(id)
FROM (SELECT id, ntile({count}) OVER (ORDER BY id) AS slice FROM accounts_account) AS numbered
GROUP BY slice
ORDER BY slice
