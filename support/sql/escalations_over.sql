-- Escalations of clocks that are no longer late, or no longer there.
UPDATE support_escalation AS escalation SET
    ended_at = {now},
    ended_by = CASE
        WHEN told.ticket_id IS NULL THEN 'gone'
        WHEN told.ended_at IS NOT NULL THEN 'done'
        WHEN told.minutes IS NULL THEN 'cleared'
        ELSE 'in_time'
    END
FROM support_escalation AS present
LEFT JOIN support_clock AS told
    ON told.ticket_id = present.ticket_id AND told.metric = present.metric AND told.cycle = present.cycle
WHERE present.ticket_id = ANY ({tickets}::bigint[])
    AND present.ended_at IS NULL
    AND present.id = escalation.id
    AND (told.ticket_id IS NULL OR told.ended_at IS NOT NULL OR told.breached_at IS NULL)
RETURNING escalation.id
