-- name: usage by user
WITH taken AS (DELETE FROM product_usagedaytorecompute RETURNING account_id, day)
INSERT INTO product_usageuserday (account_id, day, "user", events)
SELECT event.account_id, taken.day, event."user", count(*)
FROM taken
JOIN product_usageevent AS event ON event.account_id = taken.account_id
    AND event.occurred_at >= taken.day::timestamp AT TIME ZONE 'UTC'
    AND event.occurred_at < (taken.day + 1)::timestamp AT TIME ZONE 'UTC'
GROUP BY 1, 2, 3;
-- name: usage by feature
INSERT INTO product_usagefeatureday (account_id, day, feature, events)
SELECT account_id, :day::date, feature, count(*)
FROM product_usageevent
WHERE occurred_at >= :day::timestamp AT TIME ZONE 'UTC'
    AND account_id IN (SELECT account_id FROM product_usageuserday WHERE day = :day)
GROUP BY 1, 2, 3;
-- name: lines as the night has them in its ledger, and what became of the profiles of accounts
CREATE TEMPORARY TABLE line AS
SELECT contract.account_id, contract.currency, line.start_on,
    CASE WHEN contract.auto_renew THEN line.end_on ELSE least(line.end_on, contract.end_on) END AS ends_on,
    line.amount * CASE line.billing_period
        WHEN 'year' THEN 1 WHEN 'half_year' THEN 2 WHEN 'quarter' THEN 4 WHEN 'month' THEN 12 WHEN 'week' THEN 52
        ELSE 365.25
    END * (100 - line.discount_percent) * 0.01 AS arr
FROM finance_contractline AS line
JOIN finance_contract AS contract ON contract.id = line.contract_id
WHERE line.deleted_at IS NULL AND contract.deleted_at IS NULL AND NOT line.is_trial AND line.amount > 0
    AND line.billing_period NOT IN ('one_off', 'usage');
UPDATE finance_revenueplace AS place
SET until = :day
FROM accounts_account AS account
WHERE account.id = place.account_id AND place.until IS NULL
    AND (account.industry, account.country, account.employees, account.owner_email)
        IS DISTINCT FROM (place.industry, place.country, place.employees, place.owner_email);
-- name: MRR and ARR
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT kind.key, :day, own.account_id, sum(round(round(own.arr / kind.divisor, 2) * coalesce(quote.rate, 1), 2))
FROM (
    SELECT account_id, currency,
        coalesce(sum(arr) FILTER (WHERE ends_on IS NULL OR ends_on > :day), 0) AS arr
    FROM line WHERE start_on <= :day
    GROUP BY 1, 2
) AS own
LEFT JOIN (
    SELECT DISTINCT ON (currency) currency, rate FROM finance_exchangerate
    WHERE "on" <= :day ORDER BY currency, "on" DESC
) AS quote USING (currency)
CROSS JOIN (VALUES ('finance.mrr', 12), ('finance.arr', 1)) AS kind (key, divisor)
GROUP BY 1, 3;
-- name: NRR, GRR and the change of 90 days
CREATE TEMPORARY TABLE position AS
SELECT span.days, own.account_id,
    round(sum(arr) FILTER (WHERE start_on <= :day::date - span.days AND (ends_on IS NULL OR ends_on > :day::date - span.days))
        * coalesce(max(quote.rate), 1), 2) AS start_arr,
    coalesce(round(sum(arr) FILTER (WHERE ends_on IS NULL OR ends_on > :day) * coalesce(max(quote.rate), 1), 2), 0)
        AS end_arr,
    min(start_on) AS first_on
FROM line AS own
LEFT JOIN (
    SELECT DISTINCT ON (currency) currency, rate FROM finance_exchangerate
    WHERE "on" <= :day ORDER BY currency, "on" DESC
) AS quote USING (currency)
CROSS JOIN (VALUES (365), (90), (extract(day FROM :day::date)::integer)) AS span (days)
WHERE start_on <= :day
GROUP BY 1, 2;
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT kind.key, :day, account_id, kind.value
FROM position
CROSS JOIN LATERAL (
    VALUES (365, 'finance.nrr', end_arr / nullif(start_arr, 0)),
        (365, 'finance.grr', least(end_arr, start_arr) / nullif(start_arr, 0)),
        (90, 'finance.arr_change_90d', end_arr / nullif(start_arr, 0) - 1)
) AS kind (days, key, value)
WHERE kind.days = position.days AND kind.value IS NOT NULL;
-- name: retention and movements of segments
INSERT INTO metrics_segmentvalue (key, as_of, dimension, member, value, numerator, denominator, accounts)
SELECT kind.key, :day, grouped.dimension, grouped.member, kind.value, NULL, NULL, grouped.payers
FROM (
    SELECT days,
        CASE grouping(tier.slug, account.industry) WHEN 3 THEN 'all' WHEN 1 THEN 'tier' ELSE 'industry' END AS dimension,
        CASE grouping(tier.slug, account.industry) WHEN 3 THEN '' WHEN 1 THEN tier.slug ELSE account.industry END AS member,
        count(*) FILTER (WHERE start_arr > 0) AS payers,
        count(*) FILTER (WHERE start_arr > 0 AND end_arr = 0)::numeric AS lost,
        sum(start_arr) AS start_arr, sum(end_arr) AS end_arr,
        sum(end_arr) FILTER (WHERE start_arr > 0) AS kept, sum(least(start_arr, end_arr)) AS held,
        sum(greatest(end_arr - start_arr, 0)) FILTER (WHERE start_arr > 0) AS expansion,
        sum(greatest(start_arr - end_arr, 0)) FILTER (WHERE end_arr > 0) AS contraction,
        sum(start_arr) FILTER (WHERE end_arr = 0) AS churn,
        sum(end_arr) FILTER (WHERE start_arr IS NULL) AS gained
    FROM position
    JOIN accounts_account AS account ON account.id = position.account_id
    JOIN accounts_tiertenure AS tenure ON tenure.account_id = account.id AND tenure.during @> :day::date - 365
    JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
    WHERE days <> 90
    GROUP BY GROUPING SETS ((days), (days, tier.slug), (days, account.industry))
) AS grouped
CROSS JOIN LATERAL (
    VALUES (true, 'finance.nrr', kept / nullif(start_arr, 0)), (true, 'finance.grr', held / nullif(start_arr, 0)),
        (true, 'finance.logo_churn', lost / nullif(payers, 0)),
        (true, 'finance.expansion_rate', expansion / nullif(start_arr, 0)),
        (false, 'finance.arr_start', start_arr), (false, 'finance.arr_new', gained),
        (false, 'finance.arr_expansion', expansion), (false, 'finance.arr_reactivation', 0),
        (false, 'finance.arr_contraction', contraction), (false, 'finance.arr_churn', churn),
        (false, 'finance.arr_end', end_arr)
) AS kind (is_year, key, value)
WHERE kind.is_year = (grouped.days = 365);
-- name: renewals
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT 'finance.renewal_on', :day, contract.account_id, min(CASE WHEN contract.end_on > :day THEN contract.end_on
    WHEN contract.auto_renew THEN (contract.end_on + interval '12 months')::date END) - date '1970-01-01'
FROM finance_contract AS contract
WHERE contract.start_on <= :day AND (contract.end_on > :day OR contract.auto_renew)
    AND EXISTS (
        SELECT FROM finance_contractline AS line
        WHERE line.contract_id = contract.id AND line.start_on <= :day AND (line.end_on IS NULL OR line.end_on > :day)
    )
GROUP BY 3;
-- name: tickets
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT kind.key, :day, account.id, kind.value
FROM accounts_account AS account
LEFT JOIN (
    SELECT ticket.account_id,
        count(*) FILTER (WHERE is_open) AS open,
        count(*) FILTER (WHERE is_open AND priority = 'urgent') AS urgent,
        count(*) FILTER (WHERE is_open AND priority = 'urgent' AND first_replied_at > opened_at + interval '24 hours') AS late,
        count(*) FILTER (WHERE opened_at >= (:day::date - 29)::timestamp AT TIME ZONE 'UTC') AS recent,
        count(*) FILTER (WHERE opened_at >= (:day::date - 119)::timestamp AT TIME ZONE 'UTC'
            AND opened_at < (:day::date - 29)::timestamp AT TIME ZONE 'UTC') AS before,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first_replied_at - opened_at) / 60)
            FILTER (WHERE opened_at >= (:day::date - 89)::timestamp AT TIME ZONE 'UTC') AS median
    FROM (
        SELECT *, solved_at IS NULL OR solved_at >= (:day::date + 1)::timestamp AT TIME ZONE 'UTC' AS is_open
        FROM support_ticket WHERE opened_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
    ) AS ticket
    GROUP BY 1
) AS counted ON counted.account_id = account.id
CROSS JOIN LATERAL (
    VALUES ('support.open_tickets', coalesce(open, 0)), ('support.urgent_open_tickets', coalesce(urgent, 0)),
        ('support.late_urgent_tickets', coalesce(late, 0)), ('support.tickets_30d', coalesce(recent, 0)),
        ('support.ticket_trend', (coalesce(recent, 0) + 1) / (coalesce(before, 0) / 3.0 + 1)),
        ('support.first_response_minutes', median::numeric)
) AS kind (key, value)
WHERE kind.value IS NOT NULL AND (account.lifecycle = 'customer' OR counted.account_id IS NOT NULL);
-- name: touches
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT kind.key, :day, account.id, kind.value
FROM accounts_account AS account
LEFT JOIN (
    SELECT touch.account_id, max((occurred_at AT TIME ZONE 'UTC')::date) AS last_on,
        count(*) FILTER (WHERE is_recent) AS touches,
        count(DISTINCT contact_id) FILTER (WHERE is_recent) AS contacts,
        count(DISTINCT role) FILTER (WHERE is_recent AND role NOT IN ('', 'user', 'blocker')) AS roles
    FROM (
        SELECT engagement.*, contact.role,
            occurred_at >= (:day::date - 89)::timestamp AT TIME ZONE 'UTC' AS is_recent
        FROM engagement_engagement AS engagement
        LEFT JOIN accounts_contact AS contact ON contact.id = engagement.contact_id
        WHERE occurred_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC' AND kind <> 'web'
    ) AS touch
    GROUP BY 1
) AS counted ON counted.account_id = account.id
CROSS JOIN LATERAL (
    VALUES ('engagement.last_touch_on', last_on - date '1970-01-01'),
        ('engagement.days_since_touch', :day::date - last_on),
        ('engagement.touches_90d', coalesce(touches, 0)), ('engagement.active_contacts', coalesce(contacts, 0)),
        ('engagement.committee_roles', coalesce(roles, 0))
) AS kind (key, value)
WHERE kind.value IS NOT NULL AND (account.lifecycle = 'customer' OR counted.account_id IS NOT NULL);
-- name: usage
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT kind.key, :day, used.account_id, kind.value
FROM (
    SELECT account_id, max(day) AS last_on, min(day) AS first_on,
        coalesce(sum(events) FILTER (WHERE day > :day::date - 30), 0) AS recent,
        sum(events) FILTER (WHERE day <= :day::date - 30 AND day > :day::date - 120) AS norm,
        count(DISTINCT "user") FILTER (WHERE day > :day::date - 30) AS users
    FROM product_usageuserday WHERE day <= :day
    GROUP BY 1
) AS used
CROSS JOIN LATERAL (
    VALUES ('product.usage_events_30d', recent),
        ('product.usage_trend', recent * (least(90, :day::date - 29 - first_on) / 30.0) / nullif(norm, 0)),
        ('product.active_users_30d', users), ('product.days_since_last_use', :day::date - last_on)
) AS kind (key, value)
WHERE kind.value IS NOT NULL;
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT 'product.features_used_30d', :day, used.account_id,
    count(DISTINCT feature) FILTER (WHERE day > :day::date - 30)
FROM product_usagefeatureday AS used WHERE day <= :day
GROUP BY 3;
-- name: health
INSERT INTO metrics_healthscore (as_of, account_id, model_id, score, exact, band, coverage, confidence, "limit", values, points)
SELECT :day, account_id, (SELECT id FROM metrics_healthmodel), round(sum(weight * points) / sum(weight), 1),
    round(sum(weight * points) / sum(weight), 4), 'amber', 1, 1, '', array_agg(value ORDER BY position),
    array_agg(points ORDER BY position)
FROM (
    SELECT value.account_id, part.position, part.weight, value.value,
        greatest(0, least(100, CASE part.key
            WHEN 'product.usage_trend' THEN value.value * 85
            WHEN 'product.days_since_last_use' THEN 100 - value.value * 3.3
            WHEN 'product.active_users_30d' THEN 40 + value.value * 6
            WHEN 'product.features_used_30d' THEN value.value * 14
            WHEN 'support.urgent_open_tickets' THEN 100 - value.value * 30
            WHEN 'support.ticket_trend' THEN 120 - value.value * 40
            WHEN 'engagement.days_since_touch' THEN 110 - value.value
            ELSE 10 + value.value * 30
        END)) AS points
    FROM metrics_metricvalue AS value
    JOIN metrics_healthcomponent AS part ON part.key = value.key
    JOIN accounts_account AS account ON account.id = value.account_id AND account.lifecycle = 'customer'
    WHERE value.as_of = :day
) AS scored
GROUP BY account_id;
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
DROP TABLE line, position
