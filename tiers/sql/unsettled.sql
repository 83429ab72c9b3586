-- Verdicts from which something could follow: all others are of accounts that are where the rules put them.
SELECT verdict.account_id, verdict.tier_id, verdict.rule_id, verdict.score
FROM ({verdicts}) AS verdict
WHERE verdict.settled_id IS DISTINCT FROM verdict.tier_id
    OR verdict.account_id IN (
        SELECT override.account_id FROM tiers_tieroverride AS override
        WHERE override.starts_on <= {on} AND coalesce(override.ended_on, override.ends_on) > {on}
    )
    OR verdict.account_id IN (SELECT pending.account_id FROM ({pending}) AS pending)
