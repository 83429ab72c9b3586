SELECT account.id AS account_id, coalesce(counted.counted, 0) AS value
FROM accounts_account AS account
LEFT JOIN (
    SELECT * FROM ({counted}) AS every WHERE every.account_id BETWEEN {first} AND {last}
) AS counted ON counted.account_id = account.id
WHERE account.id BETWEEN {first} AND {last}
    AND account.deleted_at IS NULL
    AND (account.lifecycle = ANY ({served}) OR counted.account_id IS NOT NULL)
    AND EXISTS ({feed})
