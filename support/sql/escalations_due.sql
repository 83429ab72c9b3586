-- The last breach told of each clock that is late, goes on and has no escalation: a new one, or one that was reopened.
SELECT DISTINCT ON (firing.ticket_id, firing.metric, firing.cycle) firing.id
FROM support_firing AS firing
JOIN support_clock AS clock
    ON clock.ticket_id = firing.ticket_id AND clock.metric = firing.metric AND clock.cycle = firing.cycle
WHERE firing.ticket_id = ANY ({tickets}::bigint[])
    AND firing.percent = 100
    AND firing.taken_back_at IS NULL
    AND clock.ended_at IS NULL
    AND clock.breached_at IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM support_escalation AS present
        WHERE present.ticket_id = firing.ticket_id
            AND present.metric = firing.metric
            AND present.cycle = firing.cycle
            AND present.ended_at IS NULL
    )
ORDER BY firing.ticket_id, firing.metric, firing.cycle, firing.turn DESC
