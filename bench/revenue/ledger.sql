-- A company of :accounts accounts with a line that changes each month of :months, entered as the ledger would.
SET synchronous_commit = off;
INSERT INTO accounts_account (name, domain, industry, country, currency, lifecycle, owner_email, sponsor_email, employees, tier_id)
SELECT 'Account ' || n, '', 'Industry ' || n % 12, (ARRAY['US', 'DE', 'FR', 'GB', 'JP'])[1 + n % 5], 'USD', 'customer', 'ae' || n % 40 || '@example.com', '',
    n % 9000, (SELECT id FROM accounts_tier WHERE rank = 1 + n % 4)
FROM generate_series(1, :accounts) AS n;
INSERT INTO accounts_tiertenure (account_id, tier_id, during, cause)
SELECT account.id, tier.id, span.during, 'import'
FROM accounts_account AS account
JOIN accounts_tier AS tier ON true
JOIN (VALUES (0, daterange(NULL, :newest::date - 300)), (1, daterange(:newest::date - 300, NULL))) AS span (place, during)
    ON tier.rank = 1 + (account.id + span.place) % 4;
INSERT INTO finance_contract (account_id, number, start_on, currency, auto_renew)
SELECT id, 'C' || id, :newest::date - 1200, CASE id % 5 WHEN 0 THEN 'EUR' WHEN 1 THEN 'GBP' ELSE 'USD' END, true
FROM accounts_account;
INSERT INTO finance_contractline (contract_id, product, start_on, end_on, amount, billing_period)
SELECT contract.id, 'Product ' || k, span.start_on,
    CASE WHEN k < :months OR contract.id % 7 = 0 THEN (span.start_on + interval '1 month')::date END,
    100 * (1 + (contract.id * 7 + k * 13) % 97), 'year'
FROM finance_contract AS contract
CROSS JOIN generate_series(1, :months) AS k
CROSS JOIN LATERAL (
    SELECT (date_trunc('month', :newest::timestamp) - interval '1 month' * (:months - k))::date AS start_on
) AS span;
INSERT INTO finance_exchangerate (currency, "on", rate)
SELECT currency, :newest::date - back * 30, 1.1 + back * 0.001
FROM unnest(ARRAY['EUR', 'GBP']) AS currency, generate_series(1, 50) AS back
