SELECT {record}
FROM {target} AS t
WHERE t.id = %(pk)s
