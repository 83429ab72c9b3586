-- What follows for accounts of whose verdict something could, told as outcome: a move now, what it waits for, what
-- holds it, or that it stays; without an outcome where nothing is decided yet.
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
    told.score
FROM (
    SELECT
        verdict.account_id, verdict.rule_id, verdict.score,
        decided.held_id, decided.held_rank, decided.until, decided.override_id,
        CASE
            WHEN decided.account_id IS NULL THEN NULL
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
    FROM tiers_unsettled AS verdict
    LEFT JOIN ({decisions}) AS decided ON decided.account_id = verdict.account_id
) AS told
LEFT JOIN accounts_tier AS target ON target.id = told.to_tier_id
LEFT JOIN tiers_tierrule AS rule ON rule.id = told.rule_id
LEFT JOIN tiers_tieroverride AS override ON override.id = told.override_id
