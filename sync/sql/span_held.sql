SELECT min({moment}), max({moment})
FROM {target}
WHERE source_id = %s AND external_id = ANY(ARRAY(SELECT json_array_elements_text(%s::json)))
