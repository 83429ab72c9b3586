-- A first tier is no change.
INSERT INTO sync_outboxevent (kind, account_id, data, guards, xid)
SELECT 'tier.changed', account_id,
    jsonb_build_object(
        'as_of', {on}::date, 'before', held_slug, 'after', wanted_slug, 'cause', cause, 'reason', reason
    ),
    jsonb_build_object(
        'before', 'account_profile', 'after', 'account_profile', 'reason', 'account_profile'
    ),
    pg_current_xact_id()::text::bigint
FROM tiers_decision
WHERE action IN ('move', 'close') AND tenure_id IS NOT NULL AND held_id IS DISTINCT FROM wanted_id
ORDER BY account_id
