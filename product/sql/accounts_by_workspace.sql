-- Workspaces that exactly one account claims, with a name by which the pipeline finds it.
WITH asked AS (SELECT ARRAY(SELECT json_array_elements_text(%(names)s::json)) AS names),
claimed AS (
    SELECT workspace.key, min(account.id) AS account_id
    FROM asked
    JOIN accounts_account AS account ON account.workspace_ids && asked.names::varchar[]
    CROSS JOIN LATERAL unnest(account.workspace_ids) AS workspace (key)
    WHERE account.deleted_at IS NULL
        AND workspace.key IN (SELECT json_array_elements_text(%(names)s::json))
    GROUP BY workspace.key
    HAVING count(DISTINCT account.id) = 1
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
