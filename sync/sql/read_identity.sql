(
    SELECT coalesce(
        json_agg(
            json_build_object(
                'source', source.slug,
                'external_id', link.external_id,
                'source_updated_at', link.source_updated_at
            )
            ORDER BY link.id
        ),
        '[]'::json
    )
    FROM sync_link AS link
    JOIN sync_source AS source ON source.id = link.source_id
    WHERE link.object_id = t.id AND link.resource = {resource}
)
