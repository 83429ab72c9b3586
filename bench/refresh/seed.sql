-- A company of :accounts accounts as it stands when :newest ends; :events usage events in the :days days before.
-- Everything follows from running numbers, so that two seeds are alike.
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
INSERT INTO sync_source (slug, name) VALUES ('bench', 'Benchmark');
INSERT INTO accounts_account (
    name, domain, industry, country, currency, lifecycle, owner_email, sponsor_email, tier_id
)
SELECT 'Account ' || n, 'a' || n || '.example', 'Industry ' || n % 12, 'US', 'USD',
    CASE WHEN n % 10 = 0 THEN 'target' ELSE 'customer' END, 'owner' || n % 40 || '@example.com',
    'sponsor' || n % 20 || '@example.com', (SELECT id FROM accounts_tier WHERE rank = 1 + n % 4)
FROM generate_series(1, :accounts) AS n;
INSERT INTO accounts_contact (account_id, name, email, phone, title, role)
SELECT account.id, 'Contact ' || k, '', '', '',
    (ARRAY['champion', 'legal', 'user', 'economic_buyer', 'technical_evaluator'])[1 + (account.id + k) % 5]
FROM accounts_account AS account, generate_series(1, 3) AS k
ORDER BY account.id, k;
INSERT INTO finance_contract (account_id, number, start_on, end_on, auto_renew, renewal_months, currency)
SELECT id, 'C' || id, :newest::date - 900 + (id % 700)::integer, :newest::date + (id % 365)::integer + 1,
    id % 5 > 0, 12, CASE id % 5 WHEN 0 THEN 'EUR' WHEN 1 THEN 'GBP' ELSE 'USD' END
FROM accounts_account
WHERE lifecycle = 'customer';
INSERT INTO finance_contractline (
    contract_id, product, start_on, end_on, amount, billing_period, discount_percent, quantity, is_per_seat
)
SELECT contract.id, 'Product ' || k,
    contract.start_on + (k - 1) * 60,
    CASE WHEN (contract.id + k) % 6 = 0 THEN contract.start_on + (k - 1) * 60 + 300 END,
    100 * k + contract.id % 900,
    (ARRAY['year', 'quarter', 'month'])[1 + (contract.id + k) % 3], (contract.id % 4) * 5,
    CASE WHEN k = 1 THEN 1 + contract.id % 8 ELSE 1 END, k = 1
FROM finance_contract AS contract, generate_series(1, 3) AS k;
INSERT INTO finance_exchangerate (currency, "on", rate)
SELECT currency, :newest::date - back * 30, 1.1 + back * 0.001
FROM unnest(ARRAY['EUR', 'GBP']) AS currency, generate_series(1, 40) AS back;
INSERT INTO support_ticket (
    account_id, subject, priority, status, opened_at, first_replied_at, solved_at,
    requester_email, assignee_email, product_area
)
SELECT account.id, 'Question', (ARRAY['normal', 'low', 'high', 'urgent'])[1 + (account.id + k) % 4], 'solved',
    opened.at, opened.at + interval '40 minutes',
    CASE WHEN (account.id + k) % 5 > 0 THEN opened.at + interval '30 hours' END, '', '', ''
FROM accounts_account AS account, generate_series(1, 5) AS k
CROSS JOIN LATERAL (
    SELECT (:newest::date - ((account.id * 7 + k * 31) % 180)::integer)::timestamp AT TIME ZONE 'UTC' AS at
) AS opened
WHERE account.lifecycle = 'customer';
-- What tiers promise, around the clock, and the ledgers of it: strategic accounts are answered late, every solution is.
INSERT INTO support_policytenure (account_id, tier_id, entitled_minutes)
SELECT account.id, tier.id, (ARRAY[30, 120, 480, 1440])[tier.rank]
FROM accounts_account AS account JOIN accounts_tier AS tier ON tier.id = account.tier_id;
INSERT INTO support_clockentry (
    ticket_id, position, at, metric, cycle, kind, cause, due_at, minutes, priority, tenure_id
)
SELECT ticket.id, row_number() OVER (PARTITION BY ticket.id ORDER BY line.at, line.place), line.at, line.metric, 1,
    line.kind, line.cause, CASE WHEN line.place < 3 THEN target.due_at END,
    CASE WHEN line.place < 3 THEN target.minutes END,
    CASE WHEN line.place < 3 THEN ticket.priority ELSE '' END, CASE WHEN line.place < 3 THEN tenure.id END
FROM support_ticket AS ticket
JOIN support_policytenure AS tenure ON tenure.account_id = ticket.account_id
CROSS JOIN LATERAL (
    VALUES ('first_response', tenure.entitled_minutes, ticket.first_replied_at, 'agent_reply'),
        ('resolution', 1440, ticket.solved_at, 'solved')
) AS run (metric, minutes, ended_at, ended_by)
CROSS JOIN LATERAL (
    SELECT run.minutes, ticket.opened_at + run.minutes * interval '1 minute' AS due_at
) AS target
CROSS JOIN LATERAL (
    VALUES (1, ticket.opened_at, run.metric, 'start', 'opened'),
        (2, CASE WHEN target.due_at < coalesce(run.ended_at, now()) THEN target.due_at END, run.metric, 'breach', 'time'),
        (3, run.ended_at, run.metric, CASE WHEN target.due_at < run.ended_at THEN 'stop' ELSE 'meet' END, run.ended_by)
) AS line (place, at, metric, kind, cause)
WHERE line.at IS NOT NULL;
INSERT INTO support_clock (
    ticket_id, metric, cycle, state, priority, started_at, due_at, breached_at, ended_at, minutes, tenure_id,
    spent_seconds
)
SELECT entry.ticket_id, entry.metric, 1,
    coalesce(max(CASE entry.kind WHEN 'meet' THEN 'met' WHEN 'stop' THEN 'stopped' END), 'running'),
    max(ticket.priority), min(entry.at), max(entry.due_at), max(entry.at) FILTER (WHERE entry.kind = 'breach'),
    max(entry.at) FILTER (WHERE entry.kind IN ('meet', 'stop')), max(entry.minutes), max(entry.tenure_id),
    extract(epoch FROM max(entry.at) FILTER (WHERE entry.kind IN ('meet', 'stop')) - min(entry.at))
FROM support_clockentry AS entry JOIN support_ticket AS ticket ON ticket.id = entry.ticket_id
GROUP BY 1, 2;
INSERT INTO engagement_engagement (account_id, contact_id, kind, direction, occurred_at, subject, user_email)
SELECT contact.account_id, contact.id, (ARRAY['call', 'email', 'meeting', 'web'])[1 + (contact.id + k) % 4],
    'outbound', (:newest::date - ((contact.id * 5 + k * 17) % 150)::integer)::timestamp AT TIME ZONE 'UTC', '', ''
FROM accounts_contact AS contact, generate_series(1, 2) AS k;
UPDATE engagement_engagement AS touch SET user_email = account.sponsor_email
FROM accounts_account AS account
WHERE account.id = touch.account_id AND touch.id % 3 = 0;
INSERT INTO engagement_engagement (account_id, kind, direction, occurred_at, subject, user_email)
SELECT id, 'business_review', 'outbound', (:newest::date - (id * 13 % 200)::integer)::timestamp AT TIME ZONE 'UTC', '', ''
FROM accounts_account
WHERE lifecycle = 'customer';
-- Six people of each customer are asked twice; one of seven never answers.
INSERT INTO engagement_npsresponse (account_id, score, comment, respondent_email, asked_at, responded_at)
SELECT id, CASE WHEN asked.is_answered THEN (id * 3 + k * 5 + again) % 11 END, '', 'person' || k || '@a' || id || '.example', asked.at,
    CASE WHEN asked.is_answered THEN asked.at + interval '2 days' END
FROM accounts_account
CROSS JOIN generate_series(1, 6) AS k
CROSS JOIN generate_series(1, 2) AS again
CROSS JOIN LATERAL (
    SELECT (id + k) % 7 > 0 AS is_answered,
        (:newest::date - ((id * 3 + k * 41 + again * 90) % 330)::integer - 3)::timestamp AT TIME ZONE 'UTC' AS at
) AS asked
WHERE lifecycle = 'customer';
-- Solved tickets are rated, but for one of four; one of eleven is opened again, one of nine is raised to urgent.
INSERT INTO support_csatresponse (account_id, ticket_id, rating, comment, respondent_email, asked_at, responded_at)
SELECT account_id, id, CASE WHEN id % 4 > 0 THEN 1 + (id * 7 % 5) END, '', '', solved_at,
    CASE WHEN id % 4 > 0 THEN solved_at + interval '3 hours' END
FROM support_ticket
WHERE solved_at IS NOT NULL;
INSERT INTO support_ticketevent (ticket_id, kind, occurred_at, value, value_before)
SELECT id, 'status', solved_at, 'solved', 'open' FROM support_ticket WHERE solved_at IS NOT NULL;
INSERT INTO support_ticketevent (ticket_id, kind, occurred_at, value, value_before)
SELECT id, 'status', solved_at + interval '20 hours', 'open', 'solved' FROM support_ticket
WHERE solved_at IS NOT NULL AND id % 11 = 0;
INSERT INTO support_ticketevent (ticket_id, kind, occurred_at, value, value_before)
SELECT id, 'priority', opened_at + interval '4 hours', 'urgent', 'high' FROM support_ticket WHERE id % 9 = 0;
INSERT INTO product_entitledfeature (account_id, feature, start_on)
SELECT id, 'feature' || k, :newest::date - 500
FROM accounts_account
CROSS JOIN generate_series(0, 4) AS k
WHERE lifecycle = 'customer';
-- Four invoices a year, each paid between five days early and 34 late, but for one of thirty; one of 300 is disputed.
SET session_replication_role = replica;
INSERT INTO finance_invoice (account_id, number, kind, status, issued_on, due_on, currency, net, tax, total)
SELECT contract.account_id, 'INV-' || contract.id || '-' || k, 'invoice', 'issued', days.issued_on, days.issued_on + 30,
    contract.currency, 1000 + contract.id % 900, 0, 1000 + contract.id % 900
FROM finance_contract AS contract
CROSS JOIN generate_series(1, 4) AS k
CROSS JOIN LATERAL (SELECT :newest::date - (k * 90 + contract.id % 60)::integer AS issued_on) AS days;
INSERT INTO finance_invoiceline (invoice_id, number, account_id, description, quantity, net, tax_percent, tax, total, is_current)
SELECT id, 1, account_id, 'Product 1', 1, net, 0, 0, total, true FROM finance_invoice;
INSERT INTO finance_payment (account_id, invoice_id, paid_on, amount, currency, reference)
SELECT account_id, id, due_on - 5 + (id % 40)::integer, total, currency, ''
FROM finance_invoice
WHERE id % 30 > 0 AND due_on - 5 + (id % 40)::integer <= :newest::date;
INSERT INTO finance_allocation (payment_id, invoice_id, amount, "on", kind)
SELECT id, invoice_id, amount, paid_on, 'sent' FROM finance_payment;
INSERT INTO finance_invoicedispute (line_id, reason, opened_at, opened_by_id)
SELECT id, 'Not ordered', (:newest::date - 20)::timestamp AT TIME ZONE 'UTC', (SELECT min(id) FROM people_user)
FROM finance_invoiceline
WHERE invoice_id % 300 = 0;
SET session_replication_role = DEFAULT;
