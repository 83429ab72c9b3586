-- Only what became something else is written.
UPDATE support_queueplace AS place SET
    state = told.state, metric = told.metric, order_at = told.order_at, worth = told.worth,
    renews_on = told.renews_on
FROM (
    SELECT
        ticket.id,
        coalesce(urgent.state, 'idle') AS state,
        coalesce(urgent.metric, '') AS metric,
        CASE
            WHEN urgent.state = 'running' THEN urgent.due_at
            WHEN urgent.state = 'paused' THEN {paused_at}::timestamptz
            ELSE {idle_at}::timestamptz
        END AS order_at,
        coalesce(-standing.arr, {no_worth}::numeric) AS worth,
        coalesce(standing.renewal_on, {no_renewal}::date) AS renews_on
    FROM support_ticket AS ticket
    LEFT JOIN accounts_standing AS standing ON standing.account_id = ticket.account_id
    LEFT JOIN LATERAL (
        SELECT clock.state, clock.metric, clock.due_at
        FROM support_clock AS clock
        WHERE clock.ticket_id = ticket.id AND clock.ended_at IS NULL
            AND (clock.state = 'paused' OR (clock.state = 'running' AND clock.due_at IS NOT NULL))
        ORDER BY clock.state = 'paused', clock.due_at, clock.metric
        LIMIT 1
    ) AS urgent ON true
    WHERE ticket.id = ANY ({tickets}::bigint[])
) AS told
WHERE place.ticket_id = told.id
    AND (place.state, place.metric, place.order_at, place.worth, place.renews_on)
    IS DISTINCT FROM (told.state, told.metric, told.order_at, told.worth, told.renews_on)
