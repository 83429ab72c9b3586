-- Sources that knew only the loser: what they sent of the winner's since can only be the loser's.
SELECT link.source_id
FROM sync_link AS link
WHERE link.resource = 'accounts' AND link.object_id = {winner}
GROUP BY link.source_id
HAVING bool_and(EXISTS (
    SELECT FROM accounts_mergedrow AS kept
    WHERE kept.merge_id = {merge} AND kept.model = 'sync.Link' AND kept."column" = 'object_id'
        AND (kept.pk_values ->> 0)::bigint = link.id
))
