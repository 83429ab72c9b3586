-- Whoever has no tenure yet has been in the tier for as long as we know.
INSERT INTO accounts_tiertenure (account_id, tier_id, during, cause)
SELECT account.id, account.tier_id, daterange(NULL, NULL), 'import'
FROM accounts_account AS account
WHERE account.id BETWEEN {first} AND {last}
    AND account.tier_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM accounts_tiertenure AS held WHERE held.account_id = account.id)
