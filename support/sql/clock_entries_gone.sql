DELETE FROM support_clockentry AS entry
WHERE entry.ticket_id = ANY ({tickets}::bigint[])
    AND NOT EXISTS (
        SELECT FROM support_entry_told AS told
        WHERE told.ticket_id = entry.ticket_id AND told.position = entry.position
    )
