-- Whether any other source has ever sent records of the resource: one look into an index for each source.
SELECT EXISTS (
    SELECT
    FROM sync_source AS other
    WHERE other.id <> %(source)s AND EXISTS (
        SELECT FROM sync_link WHERE source_id = other.id AND resource = %(resource)s
    )
)
