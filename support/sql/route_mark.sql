-- A conflict updates, so that a mark which is just being taken makes this wait instead of losing it.
INSERT INTO support_tickettoroute (ticket_id)
SELECT marked.id
FROM ({tickets}) AS marked
ORDER BY marked.id
ON CONFLICT (ticket_id) DO UPDATE SET marked_at = greatest(now(), support_tickettoroute.first_marked_at)
