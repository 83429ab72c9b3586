-- What became of the rows that a merge moved: still with the winner, with somebody else, gone.
SELECT
    count(*) FILTER (WHERE t.{column} = %(held)s),
    count(*) FILTER (WHERE t.{id} IS NOT NULL AND t.{column} IS DISTINCT FROM %(held)s),
    count(*) FILTER (WHERE t.{id} IS NULL)
FROM accounts_mergedrow AS kept
LEFT JOIN {table} AS t ON {match}
WHERE kept.merge_id = %(merge)s AND kept.model = %(model)s AND kept."column" = %(column)s
