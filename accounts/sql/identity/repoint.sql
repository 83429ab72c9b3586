UPDATE {table} AS t
SET {column} = %(target)s{stamp}
FROM accounts_mergedrow AS kept
WHERE kept.merge_id = %(merge)s AND kept.model = %(model)s AND kept."column" = %(column)s
    AND {match} AND t.{column} = %(held)s
