-- A company of :accounts accounts as it stands when :newest ends; :events usage events in the :days days before.
-- Everything follows from running numbers, so that two seeds are alike.
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
INSERT INTO sync_source (slug, name) VALUES ('bench', 'Benchmark');
INSERT INTO accounts_account (
    name, domain, industry, country, currency, lifecycle, owner_email, sponsor_email, tier_id
)
SELECT 'Account ' || n, 'a' || n || '.example', 'Industry ' || n % 12, 'US', 'USD',
    CASE WHEN n % 10 = 0 THEN 'target' ELSE 'customer' END, 'owner' || n % 40 || '@example.com', '',
    (SELECT id FROM accounts_tier WHERE rank = 1 + n % 4)
FROM generate_series(1, :accounts) AS n;
INSERT INTO accounts_contact (account_id, name, email, phone, title, role)
SELECT account.id, 'Contact ' || k, '', '', '',
    (ARRAY['champion', 'legal', 'user', 'economic_buyer', 'technical_evaluator'])[1 + (account.id + k) % 5]
FROM accounts_account AS account, generate_series(1, 3) AS k;
INSERT INTO finance_contract (account_id, number, start_on, end_on, auto_renew, renewal_months, currency)
SELECT id, 'C' || id, :newest::date - 900 + (id % 700)::integer, :newest::date + (id % 365)::integer + 1,
    id % 5 > 0, 12, CASE id % 5 WHEN 0 THEN 'EUR' WHEN 1 THEN 'GBP' ELSE 'USD' END
FROM accounts_account
WHERE lifecycle = 'customer';
INSERT INTO finance_contractline (contract_id, product, start_on, end_on, amount, billing_period, discount_percent)
SELECT contract.id, 'Product ' || k,
    contract.start_on + (k - 1) * 60,
    CASE WHEN (contract.id + k) % 6 = 0 THEN contract.start_on + (k - 1) * 60 + 300 END,
    100 * k + contract.id % 900,
    (ARRAY['year', 'quarter', 'month'])[1 + (contract.id + k) % 3], (contract.id % 4) * 5
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
INSERT INTO engagement_engagement (account_id, contact_id, kind, direction, occurred_at, subject, user_email)
SELECT contact.account_id, contact.id, (ARRAY['call', 'email', 'meeting', 'web'])[1 + (contact.id + k) % 4],
    'outbound', (:newest::date - ((contact.id * 5 + k * 17) % 150)::integer)::timestamp AT TIME ZONE 'UTC', '', ''
FROM accounts_contact AS contact, generate_series(1, 2) AS k;
