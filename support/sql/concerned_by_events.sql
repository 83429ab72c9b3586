INSERT INTO support_concerned (ticket_id)
SELECT DISTINCT event.ticket_id
FROM sync_touched AS touched
JOIN support_ticketevent AS event ON event.id = touched.object_id
