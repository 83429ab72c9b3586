(
    SELECT json_build_array(
        json_build_object(
            'source', source.slug, 'external_id', t.external_id, 'source_updated_at', t.source_updated_at
        )
    )
    FROM sync_source AS source
    WHERE source.id = t.source_id
)
