-- Tickets whose first reply was due by {end} and had not come when it was due.
SELECT ticket.id
FROM support_ticket AS ticket
JOIN ({spans}) AS entitled ON entitled.account_id = ticket.account_id
WHERE ticket.opened_at < {end}
    AND ticket.opened_at + entitled.span < {end}
    AND ticket.opened_at + entitled.span < coalesce(ticket.first_replied_at, {end})
