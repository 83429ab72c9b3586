UPDATE accounts_tiertenure AS held
SET during = daterange(lower(held.during), {as_of})
FROM accounts_account AS account
WHERE account.id = held.account_id
    AND account.id BETWEEN {first} AND {last}
    AND upper_inf(held.during)
    AND (lower_inf(held.during) OR lower(held.during) < {as_of})
    AND account.tier_id IS DISTINCT FROM held.tier_id
