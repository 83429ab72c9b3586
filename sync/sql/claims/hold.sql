-- Let staged objects hold given values, by column.
UPDATE sync_stage AS s
SET {assignments}
FROM jsonb_each(%(values)s::jsonb) AS given (object_id, fields)
JOIN {target} AS t ON t.id = given.object_id::bigint
CROSS JOIN LATERAL jsonb_populate_record(t, given.fields) AS p
WHERE s.id = t.id
