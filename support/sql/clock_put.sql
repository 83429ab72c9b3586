-- Only what became something else is written.
INSERT INTO support_clock AS clock (
    ticket_id, metric, cycle, state, priority, started_at, due_at, next_at, breached_at, ended_at, minutes,
    tenure_id, spent_seconds
)
SELECT
    told.ticket_id, told.metric, told.cycle, told.state, told.priority, told.started_at, told.due_at,
    told.next_at, told.breached_at, told.ended_at, told.minutes, told.tenure_id,
    told.spent_seconds
FROM support_clock_told AS told
WHERE told.ticket_id = ANY ({tickets}::bigint[])
ORDER BY told.ticket_id, told.metric, told.cycle
ON CONFLICT (ticket_id, metric, cycle) DO UPDATE SET
    state = excluded.state, priority = excluded.priority, started_at = excluded.started_at,
    due_at = excluded.due_at, next_at = excluded.next_at, breached_at = excluded.breached_at,
    ended_at = excluded.ended_at, minutes = excluded.minutes, tenure_id = excluded.tenure_id,
    spent_seconds = excluded.spent_seconds
WHERE (
    clock.state, clock.priority, clock.started_at, clock.due_at, clock.next_at, clock.breached_at,
    clock.ended_at, clock.minutes, clock.tenure_id, clock.spent_seconds
) IS DISTINCT FROM (
    excluded.state, excluded.priority, excluded.started_at, excluded.due_at, excluded.next_at,
    excluded.breached_at, excluded.ended_at, excluded.minutes, excluded.tenure_id, excluded.spent_seconds
)
