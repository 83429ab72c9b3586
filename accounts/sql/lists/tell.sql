-- One event for each part of a change, or one without accounts: who came and who went, by id. Where is_whole, all members are meant.
INSERT INTO sync_outboxevent (kind, account_id, data, guards, xid)
WITH moved AS (
    SELECT account_id, CASE WHEN %(is_whole)s THEN %(is_shown)s ELSE came_with_id = %(change)s END AS is_added,
        (row_number() OVER (ORDER BY account_id) - 1) / %(most)s AS place
    FROM accounts_listmembership
    WHERE list_id = %(list)s
        AND CASE WHEN %(is_whole)s THEN left_with_id IS NULL ELSE %(change)s IN (came_with_id, left_with_id) END
), parts AS (
    SELECT place, coalesce(jsonb_agg(account_id::text ORDER BY account_id) FILTER (WHERE is_added), '[]') AS added,
        coalesce(jsonb_agg(account_id::text ORDER BY account_id) FILTER (WHERE NOT is_added), '[]') AS removed
    FROM moved GROUP BY place
    UNION ALL
    SELECT 0, '[]'::jsonb, '[]'::jsonb WHERE NOT EXISTS (SELECT FROM moved)
)
SELECT 'list.changed', NULL,
    %(data)s::jsonb
        || jsonb_build_object('part', place + 1, 'parts', count(*) OVER (), 'added', added, 'removed', removed),
    %(guards)s::jsonb, pg_current_xact_id()::text::bigint
FROM parts
ORDER BY place
