-- Keep what two point models give the accounts of a slice on a day, and return how scores spread: how many accounts go
-- from which ten points to which, how many of them rise or fall, and how many cross the mark.
WITH points AS MATERIALIZED (
    SELECT 0 AS is_after, account_id, rule, round(points, 4) AS points FROM ({before}) AS before
    UNION ALL
    SELECT 1 AS is_after, account_id, rule, round(points, 4) AS points FROM ({after}) AS after
),
scores AS MATERIALIZED (
    SELECT
        account.id AS account_id,
        round(least(100, greatest(0, coalesce(sum(points.points) FILTER (WHERE points.is_after = 0), 0))), 2) AS before,
        round(least(100, greatest(0, coalesce(sum(points.points) FILTER (WHERE points.is_after = 1), 0))), 2) AS after,
        jsonb_agg(jsonb_build_array(points.is_after, points.rule, points.points) ORDER BY points.is_after, points.rule)
            FILTER (WHERE points.rule IS NOT NULL) AS parts
    FROM accounts_account AS account
    LEFT JOIN points ON points.account_id = account.id
    WHERE account.deleted_at IS NULL AND account.id BETWEEN {first} AND {last}
    GROUP BY account.id
),
kept AS (
    INSERT INTO engagement_scorepreviewrow (run_id, account_id, before, after, parts)
    SELECT {run}, account_id, before, after, CASE WHEN before <> after THEN parts END
    FROM scores
    WHERE before > 0 OR after > 0
)
SELECT
    least(9, floor(before / 10))::integer AS before,
    least(9, floor(after / 10))::integer AS after,
    count(*) AS accounts,
    count(*) FILTER (WHERE after > before) AS risen,
    count(*) FILTER (WHERE after < before) AS fallen,
    count(*) FILTER (WHERE before < {mark} AND after >= {mark}) AS crossing_up,
    count(*) FILTER (WHERE before >= {mark} AND after < {mark}) AS crossing_down
FROM scores
GROUP BY 1, 2
