-- A tier that changes twice on one day counts as the last of the two.
UPDATE accounts_tiertenure AS held
SET tier_id = account.tier_id
FROM accounts_account AS account
WHERE account.id = held.account_id
    AND account.id BETWEEN {first} AND {last}
    AND upper_inf(held.during)
    AND lower(held.during) = {as_of}
    AND account.tier_id IS NOT NULL
    AND account.tier_id <> held.tier_id
