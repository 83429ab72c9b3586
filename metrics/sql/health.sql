-- One published model for one slice of its accounts. A component without a value for the account is kept
-- with nulls, so that what was missing can be seen later.
WITH component AS (
    SELECT *
    FROM jsonb_to_recordset({components}::jsonb) AS part (
        position integer, key text, label text, "group" text, weight numeric, curve jsonb
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
cap AS (
    SELECT * FROM jsonb_to_recordset({caps}::jsonb) AS part (key text, label text, threshold numeric, ceiling numeric)
),
member AS (
    SELECT account.id AS account_id
    FROM accounts_account AS account
    LEFT JOIN accounts_tiertenure AS tenure ON tenure.account_id = account.id AND tenure.during @> {as_of}::date
    WHERE account.id BETWEEN {first} AND {last}
        AND account.deleted_at IS NULL
        AND (
            account.lifecycle = 'customer'
            OR EXISTS (
                SELECT FROM metrics_metricvalue AS revenue
                WHERE revenue.account_id = account.id AND revenue.as_of = {as_of}
                    AND revenue.key = 'finance.arr' AND revenue.value > 0
            )
        )
        AND CASE
            WHEN {tier}::bigint IS NULL THEN tenure.tier_id IS NULL OR tenure.tier_id <> ALL ({other_tiers}::bigint[])
            ELSE tenure.tier_id = {tier}::bigint
        END
),
figure AS MATERIALIZED (
    SELECT value.account_id, value.key, value.value
    FROM metrics_metricvalue AS value
    WHERE value.as_of = {as_of} AND value.account_id BETWEEN {first} AND {last} AND value.key = ANY ({keys})
),
scored AS (
    SELECT
        member.account_id, component.position, component.key, component.label, component."group",
        component.weight, figure.value,
        CASE
            WHEN figure.value IS NULL THEN NULL
            WHEN segment.upper_x IS NULL OR figure.value <= segment.lower_x THEN segment.lower_y
            ELSE segment.lower_y + (segment.upper_y - segment.lower_y)
                * (figure.value - segment.lower_x) / (segment.upper_x - segment.lower_x)
        END AS score
    FROM member
    CROSS JOIN component
    LEFT JOIN figure ON figure.account_id = member.account_id AND figure.key = component.key
    LEFT JOIN segment ON segment.key = component.key
        AND (figure.value >= segment.lower_x OR segment.is_first)
        AND (figure.value < segment.upper_x OR segment.upper_x IS NULL)
),
weighed AS (
    SELECT *, sum(weight) FILTER (WHERE score IS NOT NULL) OVER (PARTITION BY account_id) AS present
    FROM scored
),
summed AS (
    SELECT
        account_id,
        coalesce(max(present), 0) / sum(weight) AS coverage,
        sum(round(weight * score / present, 4)) AS uncapped,
        jsonb_agg(
            jsonb_build_object(
                'key', key, 'label', label, 'group', "group", 'weight', trim_scale(weight), 'value', trim_scale(value),
                'score', trim_scale(round(score, 2)),
                'contribution', trim_scale(round(weight * score / present, 4))
            ) ORDER BY position
        ) AS components
    FROM weighed
    GROUP BY account_id
),
capped AS (
    SELECT DISTINCT ON (figure.account_id) figure.account_id, cap.label, cap.ceiling
    FROM cap
    JOIN figure ON figure.key = cap.key AND figure.value >= cap.threshold
    ORDER BY figure.account_id, cap.ceiling, cap.label
),
result AS (
    SELECT
        summed.account_id, summed.coverage, summed.components,
        CASE WHEN round(summed.coverage, 3) >= {minimum_coverage} THEN round(summed.uncapped, 1) END AS uncapped,
        capped.label, capped.ceiling
    FROM summed
    LEFT JOIN capped ON capped.account_id = summed.account_id
)
INSERT INTO metrics_healthscore (as_of, account_id, model_id, score, band, coverage, uncapped, cap, components)
SELECT
    {as_of}, account_id, {model}, least(uncapped, ceiling),
    CASE
        WHEN uncapped IS NULL THEN 'unknown'
        WHEN least(uncapped, ceiling) < {amber_from} THEN 'red'
        WHEN least(uncapped, ceiling) < {green_from} THEN 'amber'
        ELSE 'green'
    END,
    round(coverage, 3), uncapped, CASE WHEN uncapped > ceiling THEN label ELSE '' END, components
FROM result
