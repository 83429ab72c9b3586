SELECT external_id, object_id, digest, source_updated_at
FROM sync_link
WHERE source_id = %s
    AND resource = %s
    AND external_id = ANY(ARRAY(SELECT json_array_elements_text(%s::json)))
    AND digest IS NOT NULL
    AND deleted_at IS NULL
