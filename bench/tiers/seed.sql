-- :accounts accounts with a standing. Everything follows from running numbers.
INSERT INTO accounts_account (name, domain, industry, country, currency, lifecycle, owner_email, sponsor_email, employees)
SELECT 'Account ' || n, 'a' || n || '.example', 'Industry ' || n % 12, (ARRAY['US', 'DE', 'GB', 'SE'])[1 + n % 4],
    'USD', 'customer', 'owner' || n % 40 || '@example.com', '', (n * 7919) % 6000
FROM generate_series(1, :accounts) AS n;
INSERT INTO accounts_standing (account_id, arr, mrr, health, health_band, as_of)
SELECT id, ((id * 104729) % 500000)::numeric, 1, ((id * 31) % 1000)::numeric / 10, 'amber', current_date - 1
FROM accounts_account
