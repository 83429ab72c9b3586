-- Where a newer batch has changed the same since, what was there before this one becomes what was there before
-- that one, so that batches can be taken back in any order.
WITH mine AS (
    SELECT before.*, link.object_id
    FROM sync_claimbefore AS before
    JOIN sync_link AS link ON link.id = before.link_id
    WHERE before.batch_id = %(batch)s AND link.object_id = ANY(%(objects)s)
),
newer AS (
    SELECT mine.*, later.id AS later_id, later.batch_id AS later_batch
    FROM mine
    CROSS JOIN LATERAL (
        SELECT next.id, next.batch_id
        FROM sync_claimbefore AS next
        WHERE next.link_id = mine.link_id AND next.field = mine.field AND next.batch_id > mine.batch_id
        ORDER BY next.batch_id
        LIMIT 1
    ) AS later
),
handed_on AS (
    UPDATE sync_claimbefore AS later
    SET
        was_there = newer.was_there,
        value = newer.value,
        is_empty = newer.is_empty,
        source_updated_at = newer.source_updated_at,
        received_at = newer.received_at,
        said_in = newer.said_in,
        deleted_at = newer.deleted_at
    FROM newer
    WHERE later.id = newer.later_id
),
gone AS (
    DELETE FROM sync_claimbefore AS before USING newer WHERE before.id = newer.id
)
SELECT object_id, link_id, field, was_there, later_batch FROM newer ORDER BY object_id, link_id, field
