INSERT INTO sync_claimbefore (batch_id, link_id, field, was_there, source_updated_at, deleted_at)
SELECT
    %(batch)s,
    id,
    '',
    %(was_there)s,
    CASE WHEN %(was_there)s THEN source_updated_at END,
    CASE WHEN %(was_there)s THEN deleted_at END
FROM sync_link
WHERE id = ANY(%(links)s)
ON CONFLICT (link_id, field, batch_id) DO NOTHING
