SELECT {account}::bigint AS account_id, {tier}::bigint AS tier_id, NULL::bigint AS rule_id, NULL::numeric AS score
