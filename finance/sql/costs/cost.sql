-- What work cost each account. Customers without any count as 0; who has work of days without a rate alone gets no
-- number, since it cost something.
WITH rated AS MATERIALIZED (
    SELECT * FROM ({rated}) AS every WHERE every.account_id BETWEEN {first} AND {last}
)
SELECT every.account_id, sum(every.cost) AS value
FROM (
    SELECT account.id AS account_id, 0::numeric AS cost
    FROM accounts_account AS account
    WHERE account.id BETWEEN {first} AND {last}
        AND account.deleted_at IS NULL
        AND account.lifecycle = ANY ({served})
        AND NOT EXISTS (SELECT FROM rated WHERE rated.account_id = account.id)
    UNION ALL
    SELECT rated.account_id, rated.cost
    FROM rated
    WHERE rated.cost IS NOT NULL AND EXISTS (
        SELECT FROM accounts_account AS account WHERE account.id = rated.account_id AND account.deleted_at IS NULL
    )
) AS every
WHERE EXISTS ({feed})
GROUP BY every.account_id
