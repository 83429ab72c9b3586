-- Tickets that were solved of each account, and those of them that were opened again.
SELECT ticket.account_id, count(again.ticket_id) AS numerator, count(*) AS denominator
FROM (
    SELECT done.ticket_id, min(done.occurred_at) AS solved_at FROM ({solved}) AS done GROUP BY done.ticket_id
) AS first
JOIN support_ticket AS ticket ON ticket.id = first.ticket_id
JOIN accounts_account AS account ON account.id = ticket.account_id AND account.deleted_at IS NULL
LEFT JOIN (
    SELECT event.ticket_id, max(event.occurred_at) AS reopened_at FROM ({reopened}) AS event GROUP BY event.ticket_id
) AS again ON again.ticket_id = first.ticket_id AND again.reopened_at > first.solved_at
GROUP BY ticket.account_id
