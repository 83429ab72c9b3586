-- A company with :tickets open tickets of the last ten days, each with a reply of ours, two of the customer, and a wait.
INSERT INTO accounts_account (
    name, domain, industry, country, currency, lifecycle, owner_email, sponsor_email, tier_id
)
SELECT 'Account ' || n, 'a' || n || '.example', 'Industry ' || n % 12, 'US', 'USD', 'customer', '', '',
    (SELECT id FROM accounts_tier WHERE rank = 1 + n % 4)
FROM generate_series(1, :accounts) AS n;
INSERT INTO support_ticket (
    account_id, subject, priority, status, opened_at, requester_email, assignee_email, product_area
)
SELECT account.id, 'Question ' || n, (ARRAY['urgent', 'high', 'normal', 'low'])[n % 4 + 1], 'open',
    date_trunc('minute', now()) - make_interval(mins => 20 + n % 14000), '', '', ''
FROM generate_series(1, :tickets) AS n
JOIN (
    SELECT id, row_number() OVER (ORDER BY id) AS place FROM accounts_account
) AS account ON account.place = n % :accounts + 1;
INSERT INTO support_ticketevent (ticket_id, kind, value, occurred_at)
SELECT ticket.id, told.kind, told.value, ticket.opened_at + make_interval(mins => told.minutes)
FROM support_ticket AS ticket
CROSS JOIN (
    VALUES ('agent_reply', '', 4), ('status', 'pending', 4), ('customer_reply', '', 9), ('status', 'open', 9),
        ('agent_reply', '', 13), ('customer_reply', '', 15)
) AS told (kind, value, minutes)
