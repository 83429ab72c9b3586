SELECT t.id
FROM accounts_mergedrow AS kept
JOIN {table} AS t ON {match}
WHERE kept.merge_id = {merge} AND kept.model = {model} AND kept."column" = {named} AND t.{column} = {held}
