WITH pins AS (
    UPDATE sync_pin AS pin
    SET object_id = %(winner)s
    WHERE pin.resource = 'accounts' AND pin.object_id = %(loser)s AND pin.ended_at IS NULL AND NOT EXISTS (
        SELECT FROM sync_pin AS own
        WHERE own.resource = 'accounts' AND own.object_id = %(winner)s AND own.field = pin.field
            AND own.ended_at IS NULL
    )
)
UPDATE sync_fieldclaim SET object_id = %(winner)s WHERE resource = 'accounts' AND object_id = %(loser)s
