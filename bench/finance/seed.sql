-- A company of :contracts contracts, four lines each, with ten bills each, and what was paid of them.
SET synchronous_commit = off;
-- What triggers would see to is made consistent here.
SET session_replication_role = replica;
INSERT INTO accounts_account (name, domain, industry, country, currency, lifecycle, owner_email, sponsor_email, employees, tier_id)
SELECT (ARRAY['North', 'Harbour', 'Silver', 'Amber', 'Juniper', 'Moss', 'Thorn'])[1 + n % 7] || ' '
        || (ARRAY['Energy', 'Foods', 'Labs', 'Media', 'Works'])[1 + n % 5] || ' ' || n,
    '', 'Industry ' || n % 12, (ARRAY['US', 'DE', 'FR', 'GB', 'JP'])[1 + n % 5], 'USD', 'customer',
    'ae' || n % 40 || '@example.com', '', n % 9000, (SELECT id FROM accounts_tier WHERE rank = 1 + n % 4)
FROM generate_series(1, :contracts * 2 / 5) AS n;
INSERT INTO accounts_tiertenure (account_id, tier_id, during, cause)
SELECT id, tier_id, daterange(NULL, NULL), 'import' FROM accounts_account;
INSERT INTO accounts_standing (account_id, tier_id, mrr, arr, health, health_band, renewal_on, open_tickets, balance, overdue, as_of, updated_at)
SELECT id, tier_id, 1000, id * 7919 % 900000, id % 100, 'amber', :newest::date + (id % 400)::integer, id % 9,
    id * 104729 % 90000, id * 1299709 % 30000, :newest::date, now()
FROM accounts_account;
INSERT INTO finance_contract (account_id, number, start_on, end_on, currency, auto_renew, renewal_months, notice_days, payment_terms_days)
SELECT account.id, 'C-' || n, term.start_on, CASE WHEN n % 25 > 0 THEN (term.start_on + interval '1 year' * (1 + n % 3))::date END,
    CASE account.id % 5 WHEN 0 THEN 'EUR' WHEN 1 THEN 'GBP' ELSE 'USD' END, n % 10 < 8,
    CASE n % 20 WHEN 7 THEN 3 WHEN 8 THEN NULL ELSE 12 END, CASE WHEN n % 8 > 0 THEN 30 + n % 3 * 30 END,
    CASE WHEN n % 3 > 0 THEN 30 + n % 2 * 15 END
FROM generate_series(1, :contracts) AS n
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM accounts_account) AS account
    ON account.place = 1 + n % (:contracts * 2 / 5)
CROSS JOIN LATERAL (SELECT :newest::date - (200 + n::bigint * 7919 % 1300)::integer AS start_on) AS term;
INSERT INTO finance_contractline (contract_id, product, start_on, end_on, amount, billing_period, quantity, discount_percent, is_trial)
SELECT contract.id, 'Product ' || k, contract.start_on, CASE WHEN k = 4 THEN contract.start_on + 400 END,
    100 * (1 + (contract.id * 7 + k * 13) % 97), (ARRAY['year', 'month', 'quarter', 'one_off'])[k], 1, contract.id % 4 * 5, false
FROM finance_contract AS contract
CROSS JOIN generate_series(1, 4) AS k
ORDER BY contract.id;
INSERT INTO finance_exchangerate (currency, "on", rate)
SELECT currency, :newest::date - back * 30, 1.1 + back * 0.001
FROM unnest(ARRAY['EUR', 'GBP']) AS currency, generate_series(1, 50) AS back;
INSERT INTO finance_invoice (account_id, number, kind, status, issued_on, due_on, currency, net, tax, total)
SELECT contract.account_id, 'INV-' || contract.id || '-' || k, 'invoice', CASE WHEN (contract.id + k) % 200 = 0 THEN 'draft' ELSE 'issued' END,
    days.issued_on, CASE WHEN contract.id % 2 = 0 THEN days.issued_on + 30 END, contract.currency,
    priced.net, priced.net / 5, priced.net + priced.net / 5
FROM finance_contract AS contract
CROSS JOIN generate_series(1, 10) AS k
CROSS JOIN LATERAL (SELECT :newest::date - (k * 90 - 60 + contract.id % 60)::integer AS issued_on) AS days
CROSS JOIN LATERAL (SELECT (100 + (contract.id * 31 + k * 7) % 900)::numeric AS net) AS priced;
INSERT INTO finance_invoiceline (invoice_id, number, account_id, contract_line_id, description, quantity, net, tax_percent, tax, total, is_current)
SELECT invoice.id, place, invoice.account_id, NULL, 'Product ' || place, 1, invoice.net / 2, 20, invoice.tax / 2, invoice.total / 2, true
FROM finance_invoice AS invoice
CROSS JOIN generate_series(1, 2) AS place
ORDER BY invoice.id;
-- Of one account in eight a third is never paid and a sixth in part; of what is paid one of a hundred names no invoice.
INSERT INTO finance_payment (account_id, invoice_id, paid_on, amount, currency, reference)
SELECT account_id, CASE WHEN id % 100 > 0 THEN id END, issued_on + 35, CASE WHEN account_id % 8 = 0 AND id % 6 = 1 THEN total / 2 ELSE total END,
    currency, 'Transfer ' || id
FROM finance_invoice
WHERE status = 'issued' AND (account_id % 8 > 0 OR id % 3 > 0) AND issued_on + 35 <= :newest::date;
INSERT INTO finance_allocation (payment_id, invoice_id, amount, "on", kind)
SELECT id, invoice_id, amount, paid_on, 'sent' FROM finance_payment WHERE invoice_id IS NOT NULL;
INSERT INTO finance_invoice (account_id, number, kind, status, issued_on, currency, net, tax, total, corrects_id, root_cause)
SELECT account_id, 'CN-' || id, 'credit_note', 'issued', issued_on + 40, currency, 10, 2, 12, id, 'wrong_price'
FROM finance_invoice
WHERE id % 300 = 0 AND issued_on + 40 <= :newest::date;
INSERT INTO finance_allocation (credit_id, invoice_id, amount, "on", kind)
SELECT id, corrects_id, total, issued_on, 'sent' FROM finance_invoice WHERE kind = 'credit_note' AND corrects_id % 600 = 0;
INSERT INTO finance_invoicedispute (line_id, reason, opened_at, opened_by_id)
SELECT line.id, 'Not ordered', :newest::date - 20, (SELECT min(id) FROM people_user)
FROM finance_invoiceline AS line
WHERE line.invoice_id % 330 = 0 AND line.number = 1;
INSERT INTO finance_contractobligation (contract_id, title, note, party, first_due_on, due_on, months, turn, survives, notice_days,
    evidence, done_at, done_by_id)
SELECT contract.id, 'Report', '', 'ours', due."on", due."on", 12, 1, false, 14, CASE WHEN was.done THEN 'Sent' ELSE '' END,
    CASE WHEN was.done THEN :newest::timestamptz - interval '10 days' END, CASE WHEN was.done THEN (SELECT min(id) FROM people_user) END
FROM finance_contract AS contract
CROSS JOIN LATERAL (SELECT :newest::date + (contract.id * 7 % 700)::integer - 100 AS "on") AS due
CROSS JOIN LATERAL (SELECT contract.id % 3 = 0 AS done) AS was;
SET session_replication_role = DEFAULT
