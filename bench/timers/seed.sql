-- A company with :tickets open tickets; when they were opened is said by each run.
INSERT INTO accounts_account (
    name, domain, industry, country, currency, lifecycle, owner_email, sponsor_email, tier_id
)
SELECT 'Account ' || n, 'a' || n || '.example', 'Industry ' || n % 12, 'US', 'USD', 'customer', '', '',
    (SELECT id FROM accounts_tier WHERE rank = 1 + n % 4)
FROM generate_series(1, :accounts) AS n;
INSERT INTO people_user (
    email, name, function, title, time_zone, password, is_superuser, is_staff, is_active, date_joined
)
SELECT 'agent' || n || '@example.com', 'Agent ' || n, 'support', '', 'UTC', '!', false, false, true, now()
FROM generate_series(1, 40) AS n;
INSERT INTO support_ticket (
    account_id, subject, priority, status, opened_at, requester_email, assignee_email, product_area
)
SELECT account.id, 'Question ' || n, (ARRAY['urgent', 'high', 'normal', 'low'])[n % 4 + 1], 'open', now(), '', '', ''
FROM generate_series(1, :tickets) AS n
JOIN (
    SELECT id, row_number() OVER (ORDER BY id) AS place FROM accounts_account
) AS account ON account.place = n % :accounts + 1;
INSERT INTO support_assignment (ticket_id, engineer_id, cause, reasons, help_desk_email)
SELECT ticket.id, person.id, 'rules', ARRAY['Seeded.'], ''
FROM support_ticket AS ticket
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM people_user) AS person
    ON person.place = ticket.id % 40 + 1
