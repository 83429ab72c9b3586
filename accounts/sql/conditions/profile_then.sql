-- The accounts whose profile has changed since a moment, as they were then: the first later change of each field
-- says what it held before. Who came later stands as it first came.
SELECT t.*
FROM (
    SELECT first.object_id, jsonb_object_agg(first.column_name, first.value) AS columns
    FROM (
        SELECT DISTINCT ON (change.object_id, known.column_name)
            change.object_id, known.column_name, field.value
        FROM sync_change AS change
        CROSS JOIN LATERAL jsonb_each(change.before) AS field
        JOIN (VALUES {columns}) AS known (field, column_name) ON known.field = field.key
        WHERE change.resource = 'accounts' AND change.changed_at > %s AND change.before IS NOT NULL
        ORDER BY change.object_id, known.column_name, change.id
    ) AS first
    GROUP BY first.object_id
) AS said
JOIN accounts_account AS held ON held.id = said.object_id
CROSS JOIN LATERAL jsonb_populate_record(held, said.columns) AS t
