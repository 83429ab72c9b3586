-- An object that another source still holds lives on.
UPDATE {target}
SET deleted_at = now()
WHERE id = %(object)s AND deleted_at IS NULL AND NOT EXISTS (
    SELECT FROM sync_link
    WHERE object_id = %(object)s AND resource = %(resource)s AND deleted_at IS NULL
)
