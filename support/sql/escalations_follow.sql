-- Escalations of runs that have another number, since an earlier one became known later.
UPDATE support_escalation AS escalation SET cycle = told.cycle
FROM support_firing AS firing, support_clock AS told
WHERE escalation.ticket_id = ANY ({tickets}::bigint[])
    AND escalation.ended_at IS NULL
    AND firing.id = escalation.firing_id
    AND told.ticket_id = escalation.ticket_id
    AND told.metric = escalation.metric
    AND told.cycle <> escalation.cycle
    AND told.ended_at IS NULL
    AND told.breached_at = firing.passed_at
