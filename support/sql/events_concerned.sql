SELECT event.id AS object_id
FROM support_ticketevent AS event
WHERE event.ticket_id IN (SELECT concerned.ticket_id FROM support_concerned AS concerned)
