-- The next events in order, short of the oldest transaction still running: changes of records (stream 0) and the outbox (1).
(
    SELECT c.xid, 0 AS stream, c.id, c.resource, c.kind, c.object_id AS account_id, c.before, c.after,
        '{{}}'::jsonb AS guards, c.changed_at AS happened_at, source.slug AS source
    FROM sync_change AS c
    LEFT JOIN sync_source AS source ON source.id = c.source_id
    WHERE c.resource = ANY(%(resources)s)
        AND (c.xid, c.id) > (%(after_xid)s, %(after_change)s)
        AND c.xid <= %(until)s
        AND c.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        AND c.changed_at >= %(since)s
    ORDER BY c.xid, c.id
    LIMIT %(limit)s
)
UNION ALL
(
    SELECT e.xid, 1, e.id, '', e.kind, e.account_id, NULL, e.data, e.guards, e.happened_at, NULL
    FROM sync_outboxevent AS e
    WHERE (e.xid, e.id) > (%(after_xid)s, %(after_event)s)
        AND e.xid <= %(until)s
        AND e.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        AND e.happened_at >= %(since)s
    ORDER BY e.xid, e.id
    LIMIT %(limit)s
)
ORDER BY xid, stream, id
LIMIT %(limit)s
