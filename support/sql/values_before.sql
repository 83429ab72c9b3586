-- What each change of a ticket's status or priority changed: the value that the change before it gave.
UPDATE support_ticketevent AS event
SET value_before = told.before
FROM (
    SELECT one.id,
        CASE WHEN one.deleted_at IS NULL AND one.kind IN ('status', 'priority') THEN coalesce(
            lag(one.value) OVER (
                PARTITION BY one.ticket_id, one.kind, one.deleted_at IS NULL ORDER BY one.occurred_at, one.id
            ), ''
        ) ELSE '' END AS before
    FROM support_ticketevent AS one
    WHERE one.ticket_id IN (SELECT ticket_id FROM support_concerned)
) AS told
WHERE told.id = event.id AND event.value_before <> told.before
