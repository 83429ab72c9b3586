SELECT external_id, id, id, source_updated_at, deleted_at, FALSE, FALSE
FROM {target}
WHERE source_id = %s AND external_id = ANY(ARRAY(SELECT json_array_elements_text(%s::json))) AND {within}
