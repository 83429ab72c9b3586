-- What is due for an account that is deleted waits until it is back.
-- A conflict updates, so that a mark which is just being taken makes this wait instead of losing it.
INSERT INTO support_tickettoclock (ticket_id, is_due)
SELECT DISTINCT clock.ticket_id, true
FROM support_clock AS clock
JOIN support_ticket AS ticket ON ticket.id = clock.ticket_id
JOIN accounts_account AS account ON account.id = ticket.account_id
WHERE clock.next_at <= {now} AND account.deleted_at IS NULL
ORDER BY clock.ticket_id
ON CONFLICT (ticket_id) DO UPDATE SET
    is_due = true, marked_at = greatest(now(), support_tickettoclock.first_marked_at)
