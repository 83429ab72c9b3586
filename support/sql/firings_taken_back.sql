-- What was told and the ledgers no longer tell, also not of a run that has another number by now.
UPDATE support_firing AS firing SET taken_back_at = {now}
WHERE firing.ticket_id = ANY ({tickets}::bigint[])
    AND firing.taken_back_at IS NULL
    AND firing.turn > (
        SELECT count(*)
        FROM support_clockentry AS entry
        WHERE entry.ticket_id = firing.ticket_id
            AND entry.metric = firing.metric
            AND entry.cycle = firing.cycle
            AND entry.kind IN ('warn', 'breach')
            AND coalesce(entry.percent, 100) = firing.percent
    )
    AND NOT EXISTS (
        SELECT FROM support_clockentry AS entry
        WHERE entry.ticket_id = firing.ticket_id
            AND entry.metric = firing.metric
            AND entry.cycle <> firing.cycle
            AND entry.kind IN ('warn', 'breach')
            AND coalesce(entry.percent, 100) = firing.percent
            AND entry.at = firing.passed_at
    )
