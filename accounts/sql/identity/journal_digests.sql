-- What the records of some objects said last, as a digest, so that it can be told whether they spoke since.
INSERT INTO accounts_mergedrow (merge_id, model, pk_values, "column", old)
SELECT %(merge)s, 'sync.Link', jsonb_build_array(link.id), 'digest', to_jsonb(link.digest)
FROM sync_link AS link
WHERE link.resource = %(resource)s AND link.object_id IN ({objects})
