-- Accounts for which something else follows by what is compared ("now") than was previewed.
SELECT
    coalesce(shown.account_id, outlook.account_id) AS account_id, account.name,
    shown.outcome AS was_outcome, shown.from_tier_id AS was_from, shown.to_tier_id AS was_to, shown.until AS was_until,
    outlook.outcome, outlook.from_tier_id, outlook.to_tier_id, outlook.until, outlook.place, outlook.score
FROM (SELECT * FROM tiers_previewrow WHERE run_id = {run} AND outcome <> 'stays') AS shown
FULL JOIN ({now}) AS outlook ON outlook.account_id = shown.account_id
LEFT JOIN accounts_account AS account ON account.id = coalesce(shown.account_id, outlook.account_id)
WHERE (shown.outcome, shown.from_tier_id, shown.to_tier_id) IS DISTINCT FROM
        (outlook.outcome, outlook.from_tier_id, outlook.to_tier_id)
    OR ({with_days} AND shown.until IS DISTINCT FROM outlook.until)
ORDER BY 1
