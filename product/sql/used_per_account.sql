-- The count of recent use for every account that ever used the product; the first index entry tells who did.
SELECT account.id AS account_id, coalesce(counted.counted, 0) AS value
FROM accounts_account AS account
LEFT JOIN (
    SELECT * FROM ({counted}) AS every WHERE every.account_id BETWEEN {first} AND {last}
) AS counted ON counted.account_id = account.id
WHERE account.id BETWEEN {first} AND {last}
    AND account.deleted_at IS NULL
    AND (
        counted.account_id IS NOT NULL
        OR (
            SELECT min(used.day) FROM product_usageuserday AS used WHERE used.account_id = account.id
        ) <= {as_of}
    )
