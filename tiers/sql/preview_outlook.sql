-- What follows for each account, told as outcome: a move now, what it waits for, what holds it, or that it stays.
CREATE TEMPORARY TABLE tiers_outlook ON COMMIT DROP AS
SELECT
    told.account_id, told.outcome, told.held_id AS from_tier_id, told.to_tier_id,
    CASE
        WHEN told.held_rank IS NULL OR target.rank = told.held_rank THEN 0
        WHEN target.rank < told.held_rank THEN 1
        ELSE -1
    END::smallint AS direction,
    CASE
        WHEN told.outcome = 'override' THEN coalesce(override.ended_on, override.ends_on)
        WHEN told.outcome IN ('grace', 'dwell', 'approval', 'refused') THEN told.until
    END AS until,
    rule.position AS place,
    told.near_place,
    CASE
        -- As tiers/sql/keep_near.sql: a small change would bring another tier than the rules give now.
        WHEN rule.id IS NOT NULL THEN coalesce(
            CASE WHEN near_rule.id = rule.id THEN surely.tier_id ELSE near_rule.tier_id END <> rule.tier_id, false
        )
        ELSE EXISTS (
            SELECT FROM tiers_scorethreshold AS threshold
            JOIN accounts_tier AS tier ON tier.id = threshold.tier_id
            CROSS JOIN LATERAL (
                SELECT CASE WHEN told.held_rank <= tier.rank THEN threshold.stay ELSE threshold.enter END AS points
            ) AS least
            -- As tiers/sql/keep_near_points.sql.
            WHERE threshold.rule_set_id = {rule_set}
                AND told.score >= least.points - abs(least.points) * {near}
                AND told.score < least.points + abs(least.points) * {near}
        )
    END AS is_near,
    told.score, told.arr, told.tickets
FROM (
    SELECT
        decided.account_id, decided.held_id, decided.held_rank, decided.until, decided.override_id,
        verdict.rule_id, verdict.score,
        judged.told_near_place AS near_place, judged.told_surely_id AS surely_id,
        judged.told_arr::numeric AS arr, judged.told_tickets::numeric AS tickets,
        CASE
            WHEN decided.action = 'move' AND decided.held_id IS NULL THEN 'first'
            WHEN decided.action = 'move' AND decided.held_id <> decided.wanted_id THEN 'now'
            WHEN decided.action = 'wait' THEN decided.why
            WHEN decided.override_id IS NOT NULL AND verdict.tier_id <> decided.wanted_id THEN 'override'
            ELSE 'stays'
        END AS outcome,
        CASE
            WHEN decided.action IN ('move', 'wait') THEN decided.wanted_id
            WHEN decided.override_id IS NOT NULL THEN verdict.tier_id
            ELSE decided.held_id
        END AS to_tier_id
    FROM ({decisions}) AS decided
    JOIN tiers_judged AS judged ON judged.told_account_id = decided.account_id
    JOIN tiers_verdict AS verdict ON verdict.account_id = decided.account_id
) AS told
LEFT JOIN accounts_tier AS target ON target.id = told.to_tier_id
LEFT JOIN tiers_tierrule AS rule ON rule.id = told.rule_id
LEFT JOIN tiers_tierrule AS near_rule
    ON near_rule.rule_set_id = {rule_set} AND near_rule.position = told.near_place
LEFT JOIN tiers_tierrule AS surely ON surely.id = told.surely_id
LEFT JOIN tiers_tieroverride AS override ON override.id = told.override_id
