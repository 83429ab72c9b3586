SELECT account.id, to_jsonb(account) FROM accounts_account AS account WHERE account.id = ANY(%s) ORDER BY account.id
