-- Behind the scores: what is read of them.
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT 'metrics.health_score', :day, account_id, score FROM metrics_healthscore
WHERE as_of = :day AND score IS NOT NULL;
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT DISTINCT ON (now.account_id) 'metrics.health_change', :day::date, now.account_id, now.score - held.score
FROM metrics_healthscore AS now
JOIN metrics_healthscore AS held ON held.account_id = now.account_id
    AND held.as_of BETWEEN :day::date - 45 AND :day::date - 30
WHERE now.as_of = :day
ORDER BY now.account_id, held.as_of DESC;
-- name: signals
INSERT INTO pods_signal AS held (account_id, trigger, severity, category, reason, value, opened_on)
SELECT value.account_id, rule.name, 'risk', 'account_profile', rule.name || ' ' || round(value.value), value.value, :day
FROM (
    VALUES ('finance.renewal_near', 'finance.renewal_on', 0, :day::date - date '1970-01-01' + 90),
        ('finance.contraction', 'finance.arr_change_90d', -9e9, -0.05),
        ('finance.expansion', 'finance.arr_change_90d', 0.1, 9e9),
        ('product.usage_fall', 'product.usage_trend', -9e9, 0.7), ('product.usage_surge', 'product.usage_trend', 1.3, 9e9),
        ('support.urgent_late', 'support.late_urgent_tickets', 1, 9e9),
        ('metrics.health_dropped', 'metrics.health_change', -9e9, -10),
        ('metrics.health_red', 'metrics.health_score', -9e9, 49.9),
        ('engagement.no_touch', 'engagement.days_since_touch', 60, 9e9),
        ('engagement.single_threaded', 'engagement.active_contacts', -9e9, 1)
) AS rule (name, key, low, high)
JOIN metrics_metricvalue AS value ON value.key = rule.key AND value.as_of = :day AND value.value BETWEEN rule.low AND rule.high
ON CONFLICT (account_id, trigger) WHERE closed_on IS NULL DO UPDATE
SET reason = excluded.reason, value = excluded.value
WHERE (held.reason, held.value) IS DISTINCT FROM (excluded.reason, excluded.value);
-- name: standing
INSERT INTO accounts_standing AS held (
    account_id, tier_id, mrr, arr, nrr, health, health_band, health_change, renewal_on, open_tickets, usage_events,
    usage_trend, last_touch_on, as_of, updated_at
)
SELECT account.id, account.tier_id, mrr, arr, least(nrr, 99999999), health, 'amber', change,
    date '1970-01-01' + renewal::integer, tickets, usage, least(trend, 99999999), date '1970-01-01' + touch::integer,
    :day, now()
FROM accounts_account AS account
LEFT JOIN (
    SELECT account_id, max(value) FILTER (WHERE key = 'finance.mrr') AS mrr,
        max(value) FILTER (WHERE key = 'finance.arr') AS arr, max(value) FILTER (WHERE key = 'finance.nrr') AS nrr,
        max(value) FILTER (WHERE key = 'metrics.health_score') AS health,
        max(value) FILTER (WHERE key = 'metrics.health_change') AS change,
        max(value) FILTER (WHERE key = 'finance.renewal_on') AS renewal,
        max(value) FILTER (WHERE key = 'support.open_tickets') AS tickets,
        max(value) FILTER (WHERE key = 'product.usage_events_30d') AS usage,
        max(value) FILTER (WHERE key = 'product.usage_trend') AS trend,
        max(value) FILTER (WHERE key = 'engagement.last_touch_on') AS touch
    FROM metrics_metricvalue WHERE as_of = :day
    GROUP BY 1
) AS figure ON figure.account_id = account.id
ON CONFLICT (account_id) DO UPDATE
SET tier_id = excluded.tier_id, mrr = excluded.mrr, arr = excluded.arr, nrr = excluded.nrr, health = excluded.health,
    health_change = excluded.health_change, renewal_on = excluded.renewal_on, open_tickets = excluded.open_tickets,
    usage_events = excluded.usage_events, usage_trend = excluded.usage_trend, last_touch_on = excluded.last_touch_on,
    as_of = excluded.as_of, updated_at = excluded.updated_at;
-- name: end
DROP TABLE line, position, quote, owed
