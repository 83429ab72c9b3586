CREATE TEMP TABLE sync_touched ON COMMIT DROP AS
SELECT t.id AS object_id, 'updated'::text AS kind
FROM accounts_mergedrow AS kept
JOIN {table} AS t ON {match}
WHERE kept.merge_id = %(merge)s AND kept.model = %(model)s AND kept."column" = %(column)s AND t.{column} = %(held)s
