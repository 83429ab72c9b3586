SELECT member.key, jsonb_typeof(member.value)
FROM accounts_account AS account
CROSS JOIN LATERAL jsonb_each(account.custom) AS member
WHERE account.deleted_at IS NULL AND account.custom <> '{{}}'
GROUP BY member.key, jsonb_typeof(member.value)
ORDER BY member.key, count(*) DESC, jsonb_typeof(member.value)
