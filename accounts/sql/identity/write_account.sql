UPDATE accounts_account AS account
SET ({columns}) = (SELECT {columns} FROM jsonb_populate_record(account, %s::jsonb))
WHERE account.id = %s
