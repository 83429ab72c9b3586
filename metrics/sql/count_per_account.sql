-- Customers count as 0 until something is counted of them. Both are put one below the other and summed: a join would
-- rest on how many rows the planner expects of what is counted, which for conditions of any kind it can't know.
WITH counted AS MATERIALIZED (
    SELECT * FROM ({counted}) AS every WHERE every.account_id BETWEEN {first} AND {last}
)
SELECT every.account_id, sum(every.counted) AS value
FROM (
    SELECT account.id AS account_id, 0 AS counted
    FROM accounts_account AS account
    WHERE account.id BETWEEN {first} AND {last}
        AND account.deleted_at IS NULL
        AND account.lifecycle = ANY ({served})
    UNION ALL
    SELECT counted.account_id, coalesce(counted.counted, 0)
    FROM counted
    WHERE EXISTS (
        SELECT FROM accounts_account AS account WHERE account.id = counted.account_id AND account.deleted_at IS NULL
    )
) AS every
WHERE EXISTS ({feed})
GROUP BY every.account_id
