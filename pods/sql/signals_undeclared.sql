WITH closed AS (
    UPDATE pods_signal AS held
    SET closed_on = {as_of}, updated_at = now()
    WHERE held.closed_on IS NULL AND held.account_id BETWEEN {first} AND {last}
        AND NOT held.trigger = ANY({declared})
    RETURNING held.*
),
sent AS (
    INSERT INTO sync_outboxevent (kind, account_id, data, guards, xid)
    SELECT 'play.closed', account_id,
        jsonb_build_object(
            'as_of', {as_of}::date, 'play', id::text, 'trigger', trigger, 'severity', severity, 'reason', reason
        ),
        jsonb_build_object('trigger', category, 'reason', category),
        pg_current_xact_id()::text::bigint
    FROM closed
    RETURNING 1
)
SELECT count(*) FROM closed
