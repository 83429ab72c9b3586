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
        count(*) FILTER (WHERE is_open AND priority = 'urgent' AND breached_at IS NOT NULL) AS late,
        count(*) FILTER (WHERE opened_at >= (:day::date - 29)::timestamp AT TIME ZONE 'UTC') AS recent,
        count(*) FILTER (WHERE opened_at >= (:day::date - 119)::timestamp AT TIME ZONE 'UTC'
            AND opened_at < (:day::date - 29)::timestamp AT TIME ZONE 'UTC') AS before,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first_replied_at - opened_at) / 60)
            FILTER (WHERE opened_at >= (:day::date - 89)::timestamp AT TIME ZONE 'UTC') AS median
    FROM (
        SELECT ticket.*, clock.breached_at,
            solved_at IS NULL OR solved_at >= (:day::date + 1)::timestamp AT TIME ZONE 'UTC' AS is_open
        FROM support_ticket AS ticket
        LEFT JOIN support_clock AS clock ON clock.ticket_id = ticket.id AND clock.metric = 'first_response'
            AND clock.breached_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
        WHERE opened_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
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
-- name: promises
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT kind.key, :day, account.id, kind.value
FROM accounts_account AS account
LEFT JOIN (
    SELECT ticket.account_id,
        avg((breached_at IS NULL)::integer) FILTER (WHERE metric = 'first_response') AS answered,
        avg((breached_at IS NULL)::integer) FILTER (WHERE metric = 'resolution') AS resolved,
        count(breached_at) AS broken,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY spent_seconds / 60.0) FILTER (
            WHERE metric = 'first_response' AND ended_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
        ) AS median
    FROM support_clock AS clock JOIN support_ticket AS ticket ON ticket.id = clock.ticket_id
    WHERE minutes IS NOT NULL AND (breached_at IS NOT NULL OR state = 'met')
        AND coalesce(breached_at, ended_at) >= (:day::date - 89)::timestamp AT TIME ZONE 'UTC'
        AND coalesce(breached_at, ended_at) < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1
) AS counted ON counted.account_id = account.id
CROSS JOIN LATERAL (
    VALUES ('support.first_response_attainment', answered), ('support.resolution_attainment', resolved),
        ('support.breaches_90d', coalesce(broken, 0)), ('support.first_response_open_minutes', median::numeric),
        ('support.agreed_missed_month', 0)
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
        count(DISTINCT role) FILTER (WHERE is_recent AND role NOT IN ('', 'user', 'blocker')) AS roles,
        count(DISTINCT role) FILTER (WHERE is_recent AND role IN (
            'economic_buyer', 'champion', 'technical_evaluator', 'executive_sponsor'
        )) / 4.0 AS coverage
    FROM (
        SELECT engagement.*, contact.role,
            occurred_at >= (:day::date - 89)::timestamp AT TIME ZONE 'UTC' AS is_recent
        FROM engagement_engagement AS engagement
        LEFT JOIN accounts_contact AS contact ON contact.id = engagement.contact_id
        WHERE occurred_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC' AND kind <> 'web'
    ) AS touch
    GROUP BY 1
) AS counted ON counted.account_id = account.id
-- Customers without any count as 0, others don't.
CROSS JOIN LATERAL (SELECT CASE WHEN account.lifecycle = 'customer' THEN 0 END AS value) AS none
CROSS JOIN LATERAL (
    VALUES ('engagement.last_touch_on', last_on - date '1970-01-01'),
        ('engagement.days_since_touch', :day::date - last_on),
        ('engagement.touches_90d', coalesce(nullif(touches, 0), none.value)),
        ('engagement.active_contacts', coalesce(nullif(contacts, 0), none.value)),
        ('engagement.committee_roles', coalesce(nullif(roles, 0), none.value)),
        ('engagement.committee_coverage', coalesce(nullif(coverage, 0), none.value))
) AS kind (key, value)
WHERE kind.value IS NOT NULL;
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
-- name: seats, and the days until renewal and until the customer has a say
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT 'finance.seats', :day, account_id, max(seats)
FROM (
    SELECT contract.account_id, line.product, sum(line.quantity) AS seats
    FROM finance_contractline AS line
    JOIN finance_contract AS contract ON contract.id = line.contract_id
    WHERE line.is_per_seat AND line.start_on <= :day AND (line.end_on IS NULL OR line.end_on > :day)
        AND (contract.end_on > :day OR contract.auto_renew) AND NOT line.is_trial
    GROUP BY 1, 2
) AS sold
GROUP BY 3;
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT 'finance.days_until_renewal', :day, account_id, value - (:day::date - date '1970-01-01')
FROM metrics_metricvalue WHERE key = 'finance.renewal_on' AND as_of = :day;
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT 'finance.days_until_decision', :day, account_id, greatest(0, min(CASE
    WHEN NOT auto_renew OR notice_days IS NULL THEN next_end
    WHEN next_end - notice_days >= :day::date THEN next_end - notice_days
    ELSE (next_end + interval '12 months')::date - notice_days
END) - :day::date)
FROM (
    SELECT account_id, auto_renew, notice_days,
        CASE WHEN end_on > :day THEN end_on WHEN auto_renew THEN (end_on + interval '12 months')::date END AS next_end
    FROM finance_contract AS contract
    WHERE contract.start_on <= :day AND (contract.end_on > :day OR contract.auto_renew)
        AND EXISTS (
            SELECT FROM finance_contractline AS line
            WHERE line.contract_id = contract.id AND line.start_on <= :day
                AND (line.end_on IS NULL OR line.end_on > :day) AND NOT line.is_trial
        )
) AS running
GROUP BY 3;
-- name: invoices and payments
CREATE TEMPORARY TABLE quote AS
SELECT DISTINCT ON (currency) currency, rate FROM finance_exchangerate WHERE "on" <= :day ORDER BY currency, "on" DESC;
CREATE TEMPORARY TABLE owed AS
SELECT invoice.account_id, invoice.currency, invoice.due_on, invoice.total - coalesce(paid.amount, 0) AS open,
    least(invoice.total - coalesce(paid.amount, 0), coalesce(dispute.amount, 0)) AS disputed
FROM finance_invoice AS invoice
LEFT JOIN (SELECT invoice_id, sum(amount) AS amount FROM finance_allocation WHERE "on" <= :day GROUP BY 1) AS paid
    ON paid.invoice_id = invoice.id
LEFT JOIN (
    SELECT line.invoice_id, sum(line.total) AS amount
    FROM finance_invoicedispute AS dispute
    JOIN finance_invoiceline AS line ON line.id = dispute.line_id
    WHERE dispute.opened_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC' AND dispute.resolved_at IS NULL
    GROUP BY 1
) AS dispute ON dispute.invoice_id = invoice.id
WHERE invoice.status = 'issued' AND invoice.issued_on <= :day AND invoice.total > coalesce(paid.amount, 0);
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT kind.key, :day, billed.account_id, kind.value
FROM (SELECT DISTINCT account_id FROM finance_invoice WHERE issued_on <= :day) AS billed
LEFT JOIN (
    SELECT account_id, sum(round(own.open * coalesce(quote.rate, 1), 2)) AS open,
        sum(round(own.overdue * coalesce(quote.rate, 1), 2)) FILTER (WHERE own.overdue > 0) AS overdue,
        sum(round(own.disputed * coalesce(quote.rate, 1), 2)) FILTER (WHERE own.disputed > 0) AS disputed,
        max(own.late) AS late
    FROM (
        SELECT account_id, currency, sum(open) AS open, sum(disputed) AS disputed,
            sum(open - disputed) FILTER (WHERE due_on < :day) AS overdue,
            max(:day::date - due_on) FILTER (WHERE due_on < :day AND open > disputed) AS late
        FROM owed GROUP BY 1, 2
    ) AS own
    LEFT JOIN quote USING (currency)
    GROUP BY 1
) AS own USING (account_id)
CROSS JOIN LATERAL (
    VALUES ('finance.balance', coalesce(open, 0)), ('finance.overdue', coalesce(overdue, 0)), ('finance.disputed', disputed),
        ('finance.most_days_late', late)
) AS kind (key, value)
WHERE kind.value IS NOT NULL;
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT 'finance.days_beyond_terms', :day, invoice.account_id,
    round(sum(held.amount * greatest(0, held."on" - invoice.due_on)) / sum(held.amount), 1)
FROM finance_allocation AS held
JOIN finance_invoice AS invoice ON invoice.id = held.invoice_id
WHERE held."on" > :day::date - interval '1 year' AND held."on" <= :day
GROUP BY 3;
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT 'finance.disputed_share', :day, revenue.account_id, coalesce(disputed.value, 0) / revenue.value
FROM metrics_metricvalue AS revenue
LEFT JOIN metrics_metricvalue AS disputed ON disputed.key = 'finance.disputed' AND disputed.as_of = :day
    AND disputed.account_id = revenue.account_id
WHERE revenue.key = 'finance.arr' AND revenue.as_of = :day AND revenue.value > 0
    AND revenue.account_id IN (SELECT account_id FROM finance_invoice WHERE issued_on <= :day);
-- name: what customers say, and what became of their tickets
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT kind.key, :day, account_id, kind.value
FROM (
    SELECT account_id, count(*)::numeric AS ratings, count(*) FILTER (WHERE rating >= 4)::numeric AS good
    FROM support_csatresponse
    WHERE rating IS NOT NULL AND responded_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
        AND responded_at >= (:day::date - 89)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1
) AS rated
CROSS JOIN LATERAL (VALUES ('support.csat', good / ratings)) AS kind (key, value);
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT kind.key, :day, account_id, kind.value
FROM (
    SELECT account_id, count(*)::numeric AS answers, count(*) FILTER (WHERE score >= 9) AS glad,
        count(*) FILTER (WHERE score <= 6) AS sad
    FROM (
        SELECT DISTINCT ON (account_id, respondent_email) account_id, score
        FROM engagement_npsresponse
        WHERE score IS NOT NULL AND responded_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
            AND responded_at >= (:day::date - 364)::timestamp AT TIME ZONE 'UTC'
        ORDER BY account_id, respondent_email, responded_at DESC, id DESC
    ) AS newest
    GROUP BY 1
) AS asked
CROSS JOIN LATERAL (
    VALUES ('engagement.nps_respondents', answers),
        ('engagement.nps', CASE WHEN answers >= 5 THEN 100 * (glad - sad) / answers END)
) AS kind (key, value)
WHERE kind.value IS NOT NULL;
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT 'support.reopen_rate', :day, ticket.account_id, count(again.ticket_id)::numeric / count(*)
FROM (
    SELECT ticket_id, min(occurred_at) AS at FROM support_ticketevent
    WHERE kind = 'status' AND value = 'solved' AND occurred_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
        AND occurred_at >= (:day::date - 89)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1
) AS solved
JOIN support_ticket AS ticket ON ticket.id = solved.ticket_id
LEFT JOIN (
    SELECT ticket_id, max(occurred_at) AS at FROM support_ticketevent
    WHERE kind = 'status' AND value_before = 'solved' AND occurred_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1
) AS again ON again.ticket_id = solved.ticket_id AND again.at > solved.at
GROUP BY 3;
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT kind.key, :day, account.id, kind.value
FROM accounts_account AS account
LEFT JOIN (
    SELECT account_id, count(*)::numeric AS tickets
    FROM support_ticket
    WHERE opened_at >= (:day::date - 89)::timestamp AT TIME ZONE 'UTC' AND opened_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1
) AS opened ON opened.account_id = account.id
LEFT JOIN (
    SELECT ticket.account_id, count(DISTINCT ticket.id) AS tickets
    FROM support_ticketevent AS event
    JOIN support_ticket AS ticket ON ticket.id = event.ticket_id AND event.occurred_at > ticket.opened_at
    WHERE event.kind = 'priority' AND event.value = 'urgent' AND event.value_before <> 'urgent'
        AND event.occurred_at >= (:day::date - 89)::timestamp AT TIME ZONE 'UTC'
        AND event.occurred_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1
) AS raised ON raised.account_id = account.id
LEFT JOIN metrics_metricvalue AS seats ON seats.account_id = account.id AND seats.as_of = :day AND seats.key = 'finance.seats'
CROSS JOIN LATERAL (
    VALUES ('support.tickets_90d', coalesce(opened.tickets, 0)), ('support.escalations_90d', coalesce(raised.tickets, 0)),
        ('support.tickets_per_100_seats', 100 * coalesce(opened.tickets, 0) / nullif(seats.value, 0))
) AS kind (key, value)
WHERE account.lifecycle = 'customer' AND kind.value IS NOT NULL;
-- name: reviews and the sponsor
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT kind.key, :day, account_id, kind.value
FROM (
    SELECT touch.account_id,
        max((occurred_at AT TIME ZONE 'UTC')::date) FILTER (WHERE touch.kind = 'business_review') AS reviewed_on,
        max((occurred_at AT TIME ZONE 'UTC')::date) FILTER (
            WHERE touch.kind <> 'web' AND touch.user_email <> '' AND touch.user_email = account.sponsor_email
        ) AS sponsor_on
    FROM engagement_engagement AS touch
    JOIN accounts_account AS account ON account.id = touch.account_id
    WHERE occurred_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1
) AS newest
CROSS JOIN LATERAL (
    VALUES ('engagement.days_since_business_review', :day::date - reviewed_on),
        ('engagement.days_since_sponsor_touch', :day::date - sponsor_on)
) AS kind (key, value)
WHERE kind.value IS NOT NULL;
-- name: use of what is paid for
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT kind.key, :day, people.account_id, kind.value
FROM (
    SELECT account_id, sum(events) / count(DISTINCT "user")::numeric AS depth
    FROM product_usageuserday WHERE day > :day::date - 30 AND day <= :day AND "user" <> ''
    GROUP BY 1
) AS people
CROSS JOIN LATERAL (VALUES ('product.usage_depth', depth)) AS kind (key, value);
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT 'product.seat_use', :day, account_id, used.value / nullif(seats.value, 0)
FROM metrics_metricvalue AS used
JOIN metrics_metricvalue AS seats USING (account_id, as_of)
WHERE as_of = :day AND used.key = 'product.active_users_30d' AND seats.key = 'finance.seats' AND seats.value > 0;
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT 'product.adoption', :day, held.account_id, count(used.feature)::numeric / count(*)
FROM (
    SELECT DISTINCT account_id, feature FROM product_entitledfeature
    WHERE start_on <= :day AND (end_on IS NULL OR end_on > :day)
) AS held
LEFT JOIN (
    SELECT DISTINCT account_id, feature FROM product_usagefeatureday WHERE day > :day::date - 30 AND day <= :day
) AS used USING (account_id, feature)
GROUP BY 3
