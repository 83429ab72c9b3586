-- Warnings and breaches of clocks that go on, which the ledgers tell and nobody was told of. A breach lasts under another
-- target that has passed as well. Runs are counted anew where an earlier one becomes known later: what passed at one moment
-- is the same whatever its number. What had passed before its ticket was known here is told only where that is recent.
SELECT
    passed.ticket_id, passed.metric, passed.cycle, passed.share, passed.turn, passed.minutes, passed.due_at,
    passed.at
FROM (
    SELECT
        entry.ticket_id, entry.metric, entry.cycle, entry.minutes, entry.due_at, entry.at,
        coalesce(entry.percent, 100) AS share,
        row_number() OVER (
            PARTITION BY entry.ticket_id, entry.metric, entry.cycle, coalesce(entry.percent, 100)
            ORDER BY entry.position
        ) AS turn
    FROM support_clockentry AS entry
    WHERE entry.ticket_id = ANY ({tickets}::bigint[]) AND entry.kind IN ('warn', 'breach')
) AS passed
JOIN support_clock AS clock
    ON clock.ticket_id = passed.ticket_id AND clock.metric = passed.metric AND clock.cycle = passed.cycle
JOIN support_ticket AS ticket ON ticket.id = passed.ticket_id
JOIN accounts_account AS account ON account.id = ticket.account_id AND account.deleted_at IS NULL
WHERE clock.ended_at IS NULL
    AND CASE
        WHEN passed.share = 100 THEN clock.breached_at = passed.at
        ELSE clock.state = 'running' AND clock.minutes = passed.minutes
    END
    AND (passed.at > {since} OR ticket.created_at <= passed.at)
    AND NOT EXISTS (
        SELECT FROM support_firing AS firing
        WHERE firing.ticket_id = passed.ticket_id
            AND firing.metric = passed.metric
            AND firing.percent = passed.share
            AND firing.taken_back_at IS NULL
            AND (firing.cycle = passed.cycle AND firing.turn = passed.turn OR firing.passed_at = passed.at)
    )
ORDER BY passed.at, passed.ticket_id, passed.metric, passed.share
