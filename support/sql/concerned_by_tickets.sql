INSERT INTO support_concerned (ticket_id)
SELECT object_id FROM sync_touched
