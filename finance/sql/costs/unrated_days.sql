-- Which days had work and no rate: how many, the first and the last.
SELECT count(DISTINCT rated.day) AS days, min(rated.day) AS first, max(rated.day) AS last
FROM ({rated}) AS rated
WHERE rated.cost IS NULL AND rated.account_id BETWEEN {low} AND {high} AND EXISTS (
    SELECT FROM accounts_account AS account WHERE account.id = rated.account_id AND account.deleted_at IS NULL
)
