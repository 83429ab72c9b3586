-- The columns of a record as they were at a moment, from its change rows. Where it came later there is no row,
-- or what it was when it came.
WITH came AS (
    SELECT min(changed_at) AS moment FROM sync_change WHERE object_id = %(object)s AND resource = %(resource)s
),
asked AS (
    SELECT CASE WHEN %(or_first)s THEN greatest(%(moment)s, came.moment) ELSE %(moment)s END AS moment FROM came
),
said AS (
    SELECT DISTINCT ON (field.key) field.key AS field, field.value
    FROM sync_change AS change
    CROSS JOIN LATERAL jsonb_each(change.after) AS field
    WHERE change.object_id = %(object)s
        AND change.resource = %(resource)s
        AND change.changed_at <= (SELECT moment FROM asked)
        AND change.after IS NOT NULL
    ORDER BY field.key, change.id DESC
),
newest AS (
    SELECT kind, changed_at
    FROM sync_change
    WHERE object_id = %(object)s AND resource = %(resource)s AND changed_at <= (SELECT moment FROM asked)
    ORDER BY id DESC
    LIMIT 1
),
held AS (
    SELECT
        newest.changed_at,
        coalesce(jsonb_object_agg(known.column_name, said.value), '{{}}') || jsonb_build_object(
            'id', %(object)s,
            'deleted_at', CASE WHEN newest.kind IN ('deleted', 'merged') THEN newest.changed_at END
        ) AS columns
    FROM newest
    CROSS JOIN said
    JOIN (VALUES {columns}) AS known (field, column_name) ON known.field = said.field
    GROUP BY newest.changed_at, newest.kind
)
SELECT {wanted}
FROM held
CROSS JOIN came
CROSS JOIN LATERAL jsonb_populate_record(NULL::{target}, held.columns) AS t
