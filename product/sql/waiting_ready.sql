-- Three joins, each over all that waits at once: by external id, by external id in a named source, by workspace.
SELECT awaited.id
FROM product_awaitedaccount AS awaited
JOIN sync_link AS link
    ON link.source_id = awaited.source_id AND link.resource = 'accounts' AND link.external_id = awaited.key
WHERE awaited.kind = 'group' AND awaited.source_id = %(source)s AND awaited.id > %(after)s
UNION
SELECT awaited.id
FROM product_awaitedaccount AS awaited
JOIN sync_source AS source ON source.slug = split_part(awaited.key, ':', 1)
JOIN sync_link AS link
    ON link.source_id = source.id
    AND link.resource = 'accounts'
    AND link.external_id = substr(awaited.key, length(source.slug) + 2)
WHERE awaited.kind = 'group' AND awaited.source_id = %(source)s AND awaited.id > %(after)s
UNION
SELECT awaited.id
FROM accounts_account AS account
CROSS JOIN LATERAL unnest(account.workspace_ids) AS workspace (key)
JOIN product_awaitedaccount AS awaited ON awaited.key = workspace.key
WHERE awaited.kind = 'group'
    AND awaited.source_id = %(source)s
    AND awaited.id > %(after)s
    AND account.deleted_at IS NULL
ORDER BY id
LIMIT %(limit)s
