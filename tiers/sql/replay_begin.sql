-- The year begins with the tiers that were held then; nobody has moved lately.
CREATE TEMPORARY TABLE tiers_replay ON COMMIT DROP AS
SELECT
    account.id AS account_id, held.id AS held_id, held.rank AS held_rank,
    NULL::date AS began_on, false AS came_down, NULL::date AS since, NULL::smallint AS waits_for
FROM accounts_account AS account
LEFT JOIN accounts_tiertenure AS tenure ON tenure.account_id = account.id AND tenure.during @> {on}::date
LEFT JOIN accounts_tier AS held ON held.id = tenure.tier_id
WHERE account.id BETWEEN {first} AND {last} AND account.deleted_at IS NULL
