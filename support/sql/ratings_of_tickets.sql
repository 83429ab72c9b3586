SELECT response.id AS object_id
FROM support_csatresponse AS response
WHERE response.ticket_id IN (SELECT held.object_id FROM sync_touched AS held)
