INSERT INTO tiers_publicationverdict (
    run_id, account_id, tier_id, rule_id, score, outcome, from_tier_id, to_tier_id, until, place
)
SELECT
    {run}, verdict.account_id, verdict.tier_id, verdict.rule_id, verdict.score, outlook.outcome, outlook.from_tier_id,
    outlook.to_tier_id, outlook.until, outlook.place
FROM tiers_unsettled AS verdict
JOIN tiers_outlook AS outlook ON outlook.account_id = verdict.account_id
