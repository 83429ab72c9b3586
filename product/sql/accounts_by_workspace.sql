-- Workspaces that exactly one account claims, with a name by which the pipeline finds it. Each is looked up by
-- itself: a search for all at once compares every account's workspaces with every name.
WITH asked AS MATERIALIZED (
    SELECT DISTINCT sent.key FROM json_array_elements_text(%(names)s::json) AS sent (key)
),
claimed AS (
    SELECT asked.key, min(claiming.id) AS account_id
    FROM asked
    CROSS JOIN LATERAL (
        SELECT account.id
        FROM accounts_account AS account
        WHERE account.workspace_ids @> ARRAY[asked.key]::varchar[] AND account.deleted_at IS NULL
        LIMIT 2
    ) AS claiming
    GROUP BY asked.key
    HAVING count(*) = 1
)
SELECT claimed.key, source.slug, named.external_id
FROM claimed
CROSS JOIN LATERAL (
    SELECT link.source_id, link.external_id
    FROM sync_link AS link
    WHERE link.object_id = claimed.account_id AND link.resource = 'accounts' AND link.deleted_at IS NULL
    ORDER BY link.id
    LIMIT 1
) AS named
JOIN sync_source AS source ON source.id = named.source_id
