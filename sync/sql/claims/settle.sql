-- Let the staged rows of shared objects hold what counts, whoever sent it.
WITH winner AS ({winners}),
settled AS (
    SELECT
        winner.object_id,
        -- What only a deleted record said is said by nobody any more.
        %(cleared)s::jsonb || coalesce(
            jsonb_object_agg(known.column_name, winner.value) FILTER (WHERE known.field IS NOT NULL), '{{}}'
        ) AS fields,
        coalesce(
            jsonb_object_agg(known.column_name, winner.links) FILTER (WHERE known.field IS NOT NULL), '{{}}'
        ) AS links,
        coalesce(
            jsonb_object_agg(substr(winner.field, 8), winner.value)
                FILTER (WHERE winner.field LIKE 'custom.%%' AND winner.value IS NOT NULL),
            '{{}}'
        ) AS custom
    FROM winner
    LEFT JOIN (VALUES {columns}) AS known (field, column_name) ON known.field = winner.field
    GROUP BY winner.object_id
)
UPDATE sync_stage AS s
SET
    {assignments},
    -- Held keys that nobody claims are staged as null, which removes them.
    custom = (
        SELECT coalesce(jsonb_object_agg(held.key, NULL), '{{}}') FROM jsonb_object_keys(t.custom) AS held (key)
    ) || settled.custom,
    sync_present = %(everything)s,
    sync_others = EXISTS (
        SELECT
        FROM jsonb_each(settled.links) AS link
        WHERE NOT coalesce(link.value @> to_jsonb(s.sync_link), FALSE)
            AND to_jsonb(p) -> link.key IS DISTINCT FROM to_jsonb(t) -> link.key
    )
FROM settled
JOIN {target} AS t ON t.id = settled.object_id
CROSS JOIN LATERAL jsonb_populate_record(t, settled.fields) AS p
WHERE s.id = settled.object_id AND s.sync_shared
