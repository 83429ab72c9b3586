UPDATE accounts_listmembership AS held
SET during = tstzrange(lower(held.during), %(at)s), left_with_id = %(change)s
WHERE held.list_id = %(list)s AND held.left_with_id IS NULL
    AND EXISTS (SELECT FROM list_wanted AS wanted WHERE wanted.account_id = held.account_id) = %(wanted)s
