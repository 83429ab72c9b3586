SELECT id, {parent}, coalesce(sync_shared, FALSE)
FROM sync_stage
WHERE sync_present & %(bit)s <> 0 AND id IS NOT NULL
