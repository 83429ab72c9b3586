-- Events of this batch that repeat one written here and came as events of their own, each with the one written here.
SELECT late.id, written.id
FROM sync_touched AS touched
JOIN support_ticketevent AS late
    ON late.id = touched.object_id AND late.deleted_at IS NULL AND late.echo_of <> ''
JOIN support_ticketevent AS written
    ON written.echo_of = late.echo_of
    AND written.id <> late.id
    AND written.deleted_at IS NULL
    AND written.ticket_id = late.ticket_id
    AND written.kind = late.kind
JOIN sync_link AS own
    ON own.object_id = written.id AND own.resource = %s AND own.external_id = late.echo_of
JOIN sync_source AS source ON source.id = own.source_id AND source.slug = %s
ORDER BY late.id
