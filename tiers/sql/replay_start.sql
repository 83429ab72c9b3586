-- As though the rules had been in force before: where they put an account then is no move.
UPDATE tiers_replay AS state
SET held_id = wanted.id, held_rank = wanted.rank
FROM ({verdicts}) AS verdict
JOIN accounts_tier AS wanted ON wanted.id = verdict.tier_id
WHERE verdict.account_id = state.account_id
