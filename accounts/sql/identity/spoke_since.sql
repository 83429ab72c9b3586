-- Records of some objects that are not known to say what they said before the merge, with what is known of them:
-- whether they certainly say something else, and whether their source knew only the loser.
SELECT
    link.id,
    said.id IS NOT NULL AND link.digest IS NOT NULL AS is_certain,
    link.source_id IN ({loser_only}) AS is_losers
FROM sync_link AS link
LEFT JOIN accounts_mergedrow AS said
    ON said.merge_id = {merge} AND said.model = 'sync.Link' AND said."column" = 'digest'
    AND (said.pk_values ->> 0)::bigint = link.id
WHERE link.resource = {resource} AND link.object_id IN ({objects})
    AND (said.id IS NULL OR said.old IS DISTINCT FROM to_jsonb(link.digest))
