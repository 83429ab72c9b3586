SELECT rated.account_id, count(*) FILTER (WHERE rated.rating >= 4)::numeric / count(*) AS value
FROM ({ratings}) AS rated
JOIN accounts_account AS account ON account.id = rated.account_id AND account.deleted_at IS NULL
GROUP BY rated.account_id
