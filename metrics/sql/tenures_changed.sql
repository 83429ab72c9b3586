-- Runs ahead of the tenures' own statements and finds what they are about to change. A first tenure is no change.
INSERT INTO sync_outboxevent (kind, account_id, data, guards, xid)
SELECT 'tier.changed', account.id,
    jsonb_build_object('as_of', {as_of}::date, 'before', was.slug, 'after', becomes.slug),
    jsonb_build_object('before', 'account_profile', 'after', 'account_profile'),
    pg_current_xact_id()::text::bigint
FROM accounts_account AS account
JOIN (
    SELECT DISTINCT ON (tenure.account_id) tenure.account_id, tenure.tier_id, tenure.during
    FROM accounts_tiertenure AS tenure
    WHERE tenure.account_id BETWEEN {first} AND {last}
    ORDER BY tenure.account_id, tenure.during DESC
) AS held ON held.account_id = account.id
LEFT JOIN accounts_tier AS was ON was.id = held.tier_id AND upper_inf(held.during)
LEFT JOIN accounts_tier AS becomes ON becomes.id = account.tier_id
WHERE account.id BETWEEN {first} AND {last}
    AND was.id IS DISTINCT FROM becomes.id
    AND (becomes.id IS NOT NULL OR lower_inf(held.during) OR lower(held.during) < {as_of})
    AND (upper_inf(held.during) OR upper(held.during) <= {as_of})
ORDER BY account.id
