SELECT id, account_id, tier_id, during, cause FROM accounts_tiertenure
