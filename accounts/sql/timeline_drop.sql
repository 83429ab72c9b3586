DELETE FROM accounts_timelineevent AS event
USING {touched} AS touched
WHERE event.kind = %s AND event.subject_id = touched.object_id AND NOT EXISTS (
    SELECT FROM ({lines}) AS line (subject_id, account_id, happened_at, title)
    WHERE line.subject_id = touched.object_id
)
