-- Only what became something else is written.
INSERT INTO support_clockentry AS entry (
    ticket_id, position, at, metric, cycle, kind, cause, cause_id, due_at, minutes, percent, priority,
    tenure_id
)
SELECT
    told.ticket_id, told.position, told.at, told.metric, told.cycle, told.kind, told.cause, told.cause_id,
    told.due_at, told.minutes, told.percent, told.priority, told.tenure_id
FROM support_entry_told AS told
WHERE told.ticket_id = ANY ({tickets}::bigint[])
ORDER BY told.ticket_id, told.position
ON CONFLICT (ticket_id, position) DO UPDATE SET
    at = excluded.at, metric = excluded.metric, cycle = excluded.cycle, kind = excluded.kind,
    cause = excluded.cause, cause_id = excluded.cause_id, due_at = excluded.due_at, minutes = excluded.minutes,
    percent = excluded.percent, priority = excluded.priority, tenure_id = excluded.tenure_id
WHERE (
    entry.at, entry.metric, entry.cycle, entry.kind, entry.cause, entry.cause_id, entry.due_at, entry.minutes,
    entry.percent, entry.priority, entry.tenure_id
) IS DISTINCT FROM (
    excluded.at, excluded.metric, excluded.cycle, excluded.kind, excluded.cause, excluded.cause_id,
    excluded.due_at, excluded.minutes, excluded.percent, excluded.priority, excluded.tenure_id
)
