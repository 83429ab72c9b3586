(
    SELECT json_build_object('source', source.slug, 'external_id', link.external_id, 'id', {value}::text)
    FROM sync_link AS link
    JOIN sync_source AS source ON source.id = link.source_id
    WHERE link.object_id = {value} AND link.resource = {resource}
    ORDER BY link.id
    LIMIT 1
)
