-- An object that another source still holds lives on. What was decided here about a record of another source (it isn't
-- the object's first) holds nothing by itself.
UPDATE {target}
SET deleted_at = now()
WHERE id = %(object)s AND deleted_at IS NULL AND NOT EXISTS (
    SELECT FROM sync_link AS link
    JOIN sync_source AS source ON source.id = link.source_id
    WHERE link.object_id = %(object)s AND link.resource = %(resource)s AND link.deleted_at IS NULL
        AND (source.slug <> %(own_source)s OR NOT EXISTS (
            SELECT FROM sync_link AS first
            WHERE first.object_id = link.object_id AND first.resource = link.resource AND first.id < link.id
        ))
)
