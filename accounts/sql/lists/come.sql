INSERT INTO accounts_listmembership (list_id, account_id, during, came_with_id)
SELECT %(list)s, wanted.account_id, tstzrange(%(at)s, NULL), %(change)s
FROM list_wanted AS wanted
WHERE NOT EXISTS (
    SELECT FROM accounts_listmembership AS held
    WHERE held.list_id = %(list)s AND held.account_id = wanted.account_id AND held.left_with_id IS NULL
)
ORDER BY wanted.account_id
