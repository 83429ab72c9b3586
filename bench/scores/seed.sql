-- :accounts accounts with four touches each in the last 200 days. Everything follows from running numbers.
INSERT INTO accounts_account (name, domain, industry, country, currency, lifecycle, owner_email, sponsor_email, employees)
SELECT 'Account ' || n, 'a' || n || '.example', 'Industry ' || n % 12, 'US', 'USD', 'customer', '', '', (n * 7919) % 6000
FROM generate_series(1, :accounts) AS n;
INSERT INTO engagement_engagement (account_id, kind, direction, occurred_at, subject, user_email)
SELECT account.id, (ARRAY['meeting', 'call', 'email', 'event'])[1 + (account.id * 31 + n) % 4],
    (ARRAY['inbound', 'outbound'])[1 + (account.id * 17 + n) % 2],
    date_trunc('day', now(), 'UTC') - make_interval(days => ((account.id * 7919 + n * 53) % 200)::integer), '', ''
FROM accounts_account AS account, generate_series(1, 4) AS n
