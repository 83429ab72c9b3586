-- What one model gives the members of a slice: a row per account, its inputs in the order of the components. An input
-- without a value keeps its place with nulls, so that what was missing can be seen later.
WITH component AS (
    SELECT *
    FROM jsonb_to_recordset({components}::jsonb) AS part (
        position integer, key text, weight numeric, curve jsonb, is_stale boolean
    )
),
segment AS (
    -- The curve as straight pieces; outside its ends the nearest end holds.
    SELECT component.key, piece.*
    FROM component
    CROSS JOIN LATERAL (
        SELECT
            (lead(point.value) OVER step ->> 0)::numeric AS upper_x,
            (point.value ->> 0)::numeric AS lower_x,
            (point.value ->> 1)::numeric AS lower_y,
            (lead(point.value) OVER step ->> 1)::numeric AS upper_y,
            row_number() OVER step = 1 AS is_first
        FROM jsonb_array_elements(component.curve) WITH ORDINALITY AS point (value, place)
        WINDOW step AS (ORDER BY point.place)
    ) AS piece
),
member AS MATERIALIZED (
    {members}
),
figure AS MATERIALIZED (
    SELECT value.account_id, value.key, value.value
    FROM metrics_metricvalue AS value
    WHERE value.as_of = {as_of} AND value.account_id BETWEEN {first} AND {last} AND value.key = ANY ({keys})
),
scored AS (
    SELECT
        member.account_id, component.position, component.weight, component.is_stale, figure.value,
        round(
            CASE
                WHEN figure.value IS NULL THEN NULL
                WHEN segment.upper_x IS NULL OR figure.value <= segment.lower_x THEN segment.lower_y
                ELSE segment.lower_y + (segment.upper_y - segment.lower_y)
                    * (figure.value - segment.lower_x) / (segment.upper_x - segment.lower_x)
            END,
            2
        ) AS points
    FROM member
    CROSS JOIN component
    LEFT JOIN figure ON figure.account_id = member.account_id AND figure.key = component.key
    LEFT JOIN segment ON segment.key = component.key
        AND (figure.value >= segment.lower_x OR segment.is_first)
        AND (figure.value < segment.upper_x OR segment.upper_x IS NULL)
),
weighed AS (
    SELECT *, sum(weight) FILTER (WHERE points IS NOT NULL) OVER (PARTITION BY account_id) AS present
    FROM scored
),
summed AS (
    SELECT
        account_id,
        coalesce(max(present), 0) / sum(weight) AS coverage,
        coalesce(sum(CASE WHEN is_stale THEN weight * {stale_counts} ELSE weight END) FILTER (WHERE points IS NOT NULL), 0)
            / sum(weight) AS confidence,
        round(sum(weight * points) / max(present), 4) AS added,
        array_agg(value ORDER BY position) AS figures,
        array_agg(points ORDER BY position) AS points,
        coalesce(array_agg(position ORDER BY position) FILTER (WHERE is_stale AND points IS NOT NULL), ARRAY[]::integer[]) AS stale
    FROM weighed
    GROUP BY account_id
),
bound AS (
    {limits}
),
floor AS (
    SELECT DISTINCT ON (account_id) account_id, label, points
    FROM bound
    WHERE kind = 'floor'
    ORDER BY account_id, points DESC, position
),
ceiling AS (
    SELECT DISTINCT ON (account_id) account_id, label, points
    FROM bound
    WHERE kind = 'ceiling'
    ORDER BY account_id, points, position
),
result AS (
    SELECT
        summed.*, floor.label AS floor_label, ceiling.label AS ceiling_label, ceiling.points AS most,
        greatest(summed.added, floor.points) AS raised,
        round(summed.coverage, 3) >= {minimum_coverage} AS is_known
    FROM summed
    LEFT JOIN floor ON floor.account_id = summed.account_id
    LEFT JOIN ceiling ON ceiling.account_id = summed.account_id
)
SELECT
    account_id,
    CASE WHEN is_known THEN round(least(raised, most), 1) END AS score,
    CASE WHEN is_known THEN least(raised, most) END AS exact,
    CASE
        WHEN NOT is_known THEN 'unknown'
        WHEN round(least(raised, most), 1) < {amber_from} THEN 'red'
        WHEN round(least(raised, most), 1) < {green_from} THEN 'amber'
        ELSE 'green'
    END AS band,
    round(coverage, 3) AS coverage, round(confidence, 3) AS confidence,
    CASE
        WHEN NOT is_known THEN ''
        WHEN raised > most THEN ceiling_label
        WHEN raised > added THEN floor_label
        ELSE ''
    END AS "limit",
    figures, points, stale
FROM result
