-- The company at the top of the legal hierarchy of each account that has a parent. In a circle, which no source should
-- send, the oldest account of it stands for all.
WITH RECURSIVE up AS (
    SELECT account.id AS account_id, account.id AS holder_id, account.parent_id, ARRAY[account.id] AS path
    FROM accounts_account AS account
    WHERE account.parent_id IS NOT NULL AND account.deleted_at IS NULL
    UNION ALL
    SELECT up.account_id, parent.id, parent.parent_id, up.path || parent.id
    FROM up
    JOIN accounts_account AS parent ON parent.id = up.parent_id AND parent.deleted_at IS NULL
    WHERE parent.id <> ALL (up.path)
)
SELECT DISTINCT ON (up.account_id) up.account_id,
    CASE WHEN up.parent_id = ANY (up.path)
        THEN (SELECT min(id) FROM unnest(up.path[array_position(up.path, up.parent_id):]) AS id)
        ELSE up.holder_id
    END AS holder_id
FROM up
ORDER BY up.account_id, cardinality(up.path) DESC
