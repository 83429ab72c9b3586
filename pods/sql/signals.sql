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
    RETURNING 1
),
written AS (
    INSERT INTO pods_signal AS held (account_id, trigger, severity, category, reason, value, opened_on)
    SELECT account_id, {key}, {severity}, {category}, reason, value, {as_of} FROM holding
    ON CONFLICT (account_id, trigger) WHERE closed_on IS NULL DO UPDATE
    SET severity = excluded.severity, category = excluded.category, reason = excluded.reason,
        value = excluded.value, updated_at = now()
    WHERE (held.severity, held.category, held.reason, held.value)
        IS DISTINCT FROM (excluded.severity, excluded.category, excluded.reason, excluded.value)
    RETURNING held.id, held.account_id, held.category, held.reason, held.xmax = 0 AS is_new
),
told AS (
    INSERT INTO accounts_timelineevent (account_id, kind, category, happened_at, title, subject_id)
    SELECT account_id, 'pods.signal_opened', category, {happened_at}, reason, id FROM written WHERE is_new
    ON CONFLICT (kind, subject_id) DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM closed) + (SELECT count(*) FROM written)
