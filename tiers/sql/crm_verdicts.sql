-- What the CRM says of each account; null where it says nothing.
SELECT account.id AS account_id, account.tier_id, NULL::bigint AS rule_id, NULL::numeric AS score
FROM accounts_account AS account
WHERE account.id BETWEEN {first} AND {last}
