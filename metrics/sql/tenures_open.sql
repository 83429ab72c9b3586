INSERT INTO accounts_tiertenure (account_id, tier_id, during, cause)
SELECT account.id, account.tier_id, daterange({as_of}, NULL), 'import'
FROM accounts_account AS account
WHERE account.id BETWEEN {first} AND {last}
    AND account.tier_id IS NOT NULL
    AND NOT EXISTS (
        SELECT FROM accounts_tiertenure AS held
        WHERE held.account_id = account.id AND (upper_inf(held.during) OR upper(held.during) > {as_of})
    )
