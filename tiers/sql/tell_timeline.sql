INSERT INTO accounts_timelineevent AS line (kind, category, subject_id, account_id, happened_at, title)
SELECT {kind}, 'account_profile', tenure.id, decided.account_id, {happened_at},
    left(CASE
        WHEN decided.action = 'close' THEN format('Tier %%s ended: %%s', decided.held_label, decided.reason)
        WHEN decided.held_id IS NULL THEN format('Tier set to %%s: %%s', decided.wanted_label, decided.reason)
        ELSE format('Tier moved from %%s to %%s: %%s', coalesce(came_from.label, decided.held_label),
            decided.wanted_label, decided.reason)
    END, 512)
FROM tiers_decision AS decided
JOIN accounts_tiertenure AS tenure ON tenure.account_id = decided.account_id
    AND CASE WHEN decided.action = 'close' THEN tenure.id = decided.tenure_id ELSE lower(tenure.during) = {on} END
LEFT JOIN accounts_tiertenure AS earlier ON earlier.id = decided.earlier_id AND decided.is_corrected
LEFT JOIN accounts_tier AS came_from ON came_from.id = earlier.tier_id
WHERE decided.action IN ('move', 'close') AND NOT decided.is_reverted
    AND decided.tenure_id IS NOT NULL AND decided.held_id IS DISTINCT FROM decided.wanted_id
ORDER BY decided.account_id
ON CONFLICT (kind, subject_id) DO UPDATE
SET happened_at = excluded.happened_at, title = excluded.title
