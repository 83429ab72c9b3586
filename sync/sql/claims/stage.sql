-- What a claim was before is kept for a batch that is taken back; of a record that the batch itself brought to its
-- object there was none.
WITH claimed AS (
    INSERT INTO sync_fieldclaim (
        resource, object_id, field, link_id, source_id, value, is_empty, source_updated_at, received_at, batch_id
    )
    {said}
    ON CONFLICT (link_id, field) DO UPDATE SET
        value = excluded.value,
        is_empty = excluded.is_empty,
        source_updated_at = excluded.source_updated_at,
        received_at = excluded.received_at,
        batch_id = excluded.batch_id
    WHERE sync_fieldclaim.value IS DISTINCT FROM excluded.value
    RETURNING
        new.link_id, new.field, old.id IS NOT NULL AS was_there, old.value, old.is_empty, old.source_updated_at,
        old.received_at, old.batch_id AS said_in
),
records AS (
    -- Whose time hasn't changed; the others are noted already.
    INSERT INTO sync_claimbefore (batch_id, link_id, field, was_there, source_updated_at, deleted_at)
    SELECT %(batch)s, l.id, '', TRUE, l.source_updated_at, l.deleted_at
    FROM sync_link AS l
    WHERE %(keeps)s AND l.id IN (SELECT link_id FROM claimed)
    ON CONFLICT (link_id, field, batch_id) DO NOTHING
)
INSERT INTO sync_claimbefore (
    batch_id, link_id, field, was_there, value, is_empty, source_updated_at, received_at, said_in
)
SELECT
    %(batch)s,
    claimed.link_id,
    claimed.field,
    claimed.was_there,
    claimed.value,
    coalesce(claimed.is_empty, FALSE),
    claimed.source_updated_at,
    claimed.received_at,
    claimed.said_in
FROM claimed
WHERE %(keeps)s AND NOT EXISTS (
    SELECT
    FROM sync_claimbefore AS own
    WHERE own.link_id = claimed.link_id AND own.field = '' AND own.batch_id = %(batch)s AND NOT own.was_there
)
ON CONFLICT (link_id, field, batch_id) DO NOTHING
