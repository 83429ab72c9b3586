-- A rating is the account's whose ticket it names.
UPDATE support_csatresponse AS response
SET account_id = ticket.account_id
FROM support_ticket AS ticket
WHERE ticket.id = response.ticket_id
    AND response.account_id IS DISTINCT FROM ticket.account_id
    AND (
        response.id IN (SELECT object_id FROM sync_touched WHERE {by_rating})
        OR ticket.id IN (SELECT object_id FROM sync_touched WHERE NOT {by_rating})
    )
