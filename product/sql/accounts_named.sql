-- Those of the names that are an external id in the source itself.
SELECT link.external_id
FROM sync_link AS link
WHERE link.source_id = %(source)s
    AND link.resource = 'accounts'
    AND link.external_id = ANY(ARRAY(SELECT json_array_elements_text(%(names)s::json)))
