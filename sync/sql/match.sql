SELECT external_id, id, object_id, source_updated_at, deleted_at, digest IS NOT NULL, is_shared
FROM sync_link
WHERE source_id = %s AND resource = %s AND external_id = ANY(ARRAY(SELECT json_array_elements_text(%s::json)))
