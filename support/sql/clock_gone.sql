DELETE FROM support_clock AS clock
WHERE clock.ticket_id = ANY ({tickets}::bigint[])
    AND NOT EXISTS (
        SELECT FROM support_clock_told AS told
        WHERE told.ticket_id = clock.ticket_id AND told.metric = clock.metric AND told.cycle = clock.cycle
    )
