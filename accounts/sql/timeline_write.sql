INSERT INTO accounts_timelineevent AS event (kind, category, subject_id, account_id, happened_at, title)
SELECT %s, %s, line.subject_id, line.account_id, line.happened_at, line.title
FROM {touched} AS touched
JOIN ({lines}) AS line (subject_id, account_id, happened_at, title) ON line.subject_id = touched.object_id
WHERE line.account_id IS NOT NULL AND line.happened_at IS NOT NULL
ORDER BY line.subject_id
ON CONFLICT (kind, subject_id) DO UPDATE
SET account_id = excluded.account_id, happened_at = excluded.happened_at, title = excluded.title
WHERE (event.account_id, event.happened_at, event.title)
    IS DISTINCT FROM (excluded.account_id, excluded.happened_at, excluded.title)
