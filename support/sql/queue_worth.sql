-- Waits for nobody: whoever writes places holds their tickets, and this doesn't.
WITH other AS (
    SELECT
        place.ticket_id,
        coalesce(-standing.arr, {no_worth}::numeric) AS worth,
        coalesce(standing.renewal_on, {no_renewal}::date) AS renews_on
    FROM support_queueplace AS place
    JOIN support_ticket AS ticket ON ticket.id = place.ticket_id
    JOIN accounts_standing AS standing ON standing.account_id = ticket.account_id
    WHERE place.worth <> coalesce(-standing.arr, {no_worth}::numeric)
        OR place.renews_on <> coalesce(standing.renewal_on, {no_renewal}::date)
    ORDER BY place.ticket_id
    FOR NO KEY UPDATE OF place SKIP LOCKED
)
UPDATE support_queueplace AS place SET worth = other.worth, renews_on = other.renews_on
FROM other
WHERE place.ticket_id = other.ticket_id
