-- What two point models give every account on a day: how scores spread, who crosses the mark, and who moves most.
WITH points AS MATERIALIZED (
    SELECT false AS is_after, account_id, rule, points FROM ({before}) AS before
    UNION ALL
    SELECT true AS is_after, account_id, rule, points FROM ({after}) AS after
),
scores AS MATERIALIZED (
    SELECT
        account.id AS account_id,
        account.name,
        least(100, greatest(0, coalesce(sum(points.points) FILTER (WHERE NOT points.is_after), 0))) AS before,
        least(100, greatest(0, coalesce(sum(points.points) FILTER (WHERE points.is_after), 0))) AS after
    FROM accounts_account AS account
    LEFT JOIN points ON points.account_id = account.id
    WHERE account.deleted_at IS NULL
    GROUP BY account.id
),
movers AS MATERIALIZED (
    (SELECT * FROM scores WHERE after > before ORDER BY after - before DESC, account_id LIMIT {most})
    UNION ALL
    (SELECT * FROM scores WHERE after < before ORDER BY after - before, account_id LIMIT {most})
)
SELECT
    (SELECT count(*) FROM scores) AS accounts,
    (SELECT count(*) FROM scores WHERE after > before) AS risen,
    (SELECT count(*) FROM scores WHERE after < before) AS fallen,
    (SELECT count(*) FROM scores WHERE before < {mark} AND after >= {mark}) AS crossing_up,
    (SELECT count(*) FROM scores WHERE before >= {mark} AND after < {mark}) AS crossing_down,
    (
        SELECT jsonb_object_agg(bin, n)
        FROM (SELECT least(9, floor(before / 10))::integer AS bin, count(*) AS n FROM scores GROUP BY bin) AS bins
    ) AS before,
    (
        SELECT jsonb_object_agg(bin, n)
        FROM (SELECT least(9, floor(after / 10))::integer AS bin, count(*) AS n FROM scores GROUP BY bin) AS bins
    ) AS after,
    (
        SELECT
            jsonb_agg(
                jsonb_build_object(
                    'account_id', movers.account_id,
                    'name', movers.name,
                    'before', movers.before,
                    'after', movers.after,
                    'points', (
                        SELECT jsonb_agg(jsonb_build_array(points.is_after, points.rule, points.points))
                        FROM points
                        WHERE points.account_id = movers.account_id
                    )
                )
            )
        FROM movers
    ) AS movers
