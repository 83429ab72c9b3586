WITH holding AS MATERIALIZED (
    SELECT source.account_id, source.value,
        replace(
            CASE WHEN round(source.value) = 1 THEN {reason_one} ELSE {reason} END,
            {place},
            CASE WHEN {is_date} THEN to_char(date '1970-01-01' + source.value::integer, 'FMDD Mon YYYY')
                ELSE to_char(round(source.value), 'FM999,999,999,990')
            END
        ) AS reason
    FROM ({source}) AS source
    JOIN accounts_account AS account ON account.id = source.account_id AND account.deleted_at IS NULL
    WHERE source.account_id BETWEEN {first} AND {last}
),
closed AS (
    UPDATE pods_signal AS held
    SET closed_on = {as_of}, updated_at = now()
    WHERE held.trigger = {key} AND held.closed_on IS NULL AND held.account_id BETWEEN {first} AND {last}
        AND NOT EXISTS (SELECT FROM holding WHERE holding.account_id = held.account_id)
    RETURNING held.id, held.account_id, held.category, held.reason
),
written AS (
    INSERT INTO pods_signal AS held (account_id, trigger, severity, category, reason, value, opened_on)
    SELECT account_id, {key}, {severity}, {category}, reason, value, {as_of} FROM holding
    ON CONFLICT (account_id, trigger) WHERE closed_on IS NULL DO UPDATE
    SET severity = excluded.severity, category = excluded.category, reason = excluded.reason,
        value = excluded.value, updated_at = now()
    WHERE (held.severity, held.category, held.reason, held.value)
        IS DISTINCT FROM (excluded.severity, excluded.category, excluded.reason, excluded.value)
    RETURNING held.id, held.account_id, held.category, held.reason, held.value, held.xmax = 0 AS is_new
),
told AS (
    INSERT INTO accounts_timelineevent (account_id, kind, category, happened_at, title, subject_id)
    SELECT account_id, 'pods.signal_opened', category, {happened_at}, reason, id FROM written WHERE is_new
    ON CONFLICT (kind, subject_id) DO NOTHING
    RETURNING 1
),
sent AS (
    INSERT INTO sync_outboxevent (kind, account_id, data, guards, xid)
    SELECT play.kind, play.account_id,
        jsonb_build_object(
            'as_of', {as_of}::date, 'play', play.id::text, 'trigger', {key}::text, 'severity', {severity}::text,
            'reason', play.reason
        ),
        jsonb_build_object('trigger', play.category, 'reason', play.category),
        pg_current_xact_id()::text::bigint
    FROM (
        SELECT 'play.closed' AS kind, id, account_id, category, reason FROM closed
        UNION ALL
        SELECT 'play.opened', id, account_id, category, reason FROM written WHERE is_new
    ) AS play
    RETURNING 1
),
sent_date AS (
    INSERT INTO sync_outboxevent (kind, account_id, data, guards, xid)
    SELECT {event}, account_id,
        jsonb_build_object('as_of', {as_of}::date, 'on', date '1970-01-01' + value::integer),
        jsonb_build_object('on', category),
        pg_current_xact_id()::text::bigint
    FROM written
    WHERE is_new AND {event} <> ''
    RETURNING 1
)
SELECT (SELECT count(*) FROM closed) + (SELECT count(*) FROM written)
