SELECT {record}, {merged_into}
FROM {target} AS t
WHERE t.id = %(pk)s
