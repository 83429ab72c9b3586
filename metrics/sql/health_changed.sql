-- Runs ahead of the standing's update, which still says what was known before. A first score is no change.
INSERT INTO sync_outboxevent (kind, account_id, data, guards, xid)
SELECT 'health.changed', held.account_id,
    jsonb_build_object(
        'as_of', {as_of}::date,
        'before', jsonb_build_object('band', held.health_band, 'score', held.health),
        'after', jsonb_build_object('band', coalesce(health.band, 'unknown'), 'score', health.score)
    ),
    jsonb_build_object('before', 'account_profile:totals', 'after', 'account_profile:totals'),
    pg_current_xact_id()::text::bigint
FROM accounts_standing AS held
JOIN accounts_account AS account ON account.id = held.account_id AND account.deleted_at IS NULL
LEFT JOIN metrics_healthscore AS health ON health.account_id = held.account_id AND health.as_of = {as_of}
WHERE held.account_id BETWEEN {first} AND {last}
    AND held.as_of IS NOT NULL
    AND held.health_band <> coalesce(health.band, 'unknown')
ORDER BY held.account_id
