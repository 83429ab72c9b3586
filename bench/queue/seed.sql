-- A desk with :tickets open tickets, each with a clock that runs, stands still or promises nothing, and somebody who has it.
INSERT INTO accounts_account (
    name, domain, industry, country, currency, lifecycle, owner_email, sponsor_email, tier_id
)
SELECT 'Account ' || n, 'a' || n || '.example', 'Industry ' || n % 12, 'US', 'USD', 'customer', '', '',
    (SELECT id FROM accounts_tier WHERE rank = 1 + n % 4)
FROM generate_series(1, :accounts) AS n;
INSERT INTO accounts_standing (account_id, tier_id, arr, renewal_on, health_band)
SELECT id, tier_id, 1000 * (id % 900), current_date + (id % 365)::int, 'unknown' FROM accounts_account
ON CONFLICT (account_id) DO UPDATE SET
    tier_id = excluded.tier_id, arr = excluded.arr, renewal_on = excluded.renewal_on;
INSERT INTO people_user (
    email, name, function, title, time_zone, password, is_active, is_superuser, is_staff, date_joined
)
SELECT 'agent' || n || '@example.com', 'Agent ' || n, 'support', '', 'UTC', '', true, false, false, now()
FROM generate_series(1, 60) AS n;
INSERT INTO support_supportteam (name, purpose, is_general)
SELECT 'Team ' || n, '', false FROM generate_series(1, 11) AS n;
INSERT INTO support_ticket (
    account_id, subject, priority, status, opened_at, requester_email, assignee_email, product_area
)
SELECT account.id, 'Question ' || n, (ARRAY['urgent', 'high', 'normal', 'low'])[n % 4 + 1],
    CASE WHEN n % 10 < 3 THEN 'pending' ELSE 'open' END,
    date_trunc('minute', now()) - make_interval(mins => 20 + n % 14000), '', '', ''
FROM generate_series(1, :tickets) AS n
JOIN (
    SELECT id, row_number() OVER (ORDER BY id) AS place FROM accounts_account
) AS account ON account.place = n % :accounts + 1;
INSERT INTO support_clock (ticket_id, metric, cycle, state, priority, started_at, due_at, minutes)
SELECT id, 'resolution', 1,
    CASE WHEN status = 'pending' THEN 'paused' ELSE 'running' END,
    priority, opened_at, CASE WHEN status = 'open' THEN opened_at + make_interval(days => 9) END, 12960
FROM support_ticket
WHERE id % 20 > 0;
INSERT INTO support_clockentry (ticket_id, position, at, metric, cycle, kind, cause, priority)
SELECT ticket_id, 1, started_at + make_interval(mins => 5), metric, cycle, 'pause', 'waiting', ''
FROM support_clock
WHERE state = 'paused';
INSERT INTO support_assignment (ticket_id, team_id, engineer_id, cause, reasons, help_desk_email, at)
SELECT ticket.id, team.id, CASE WHEN ticket.id % 5 > 0 THEN agent.id END, 'rules', ARRAY['So it is.'], '',
    ticket.opened_at
FROM support_ticket AS ticket
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM support_supportteam) AS team
    ON team.place = ticket.id % 12 + 1
JOIN (
    SELECT id, row_number() OVER (ORDER BY id) AS place FROM people_user WHERE email LIKE 'agent%'
) AS agent ON agent.place = ticket.id % 60 + 1;
INSERT INTO support_ticketevent (ticket_id, kind, value, occurred_at)
SELECT ticket.id, told.kind, '', ticket.opened_at + make_interval(mins => told.minutes)
FROM support_ticket AS ticket
CROSS JOIN (VALUES ('customer_reply', 9), ('agent_reply', 13), ('customer_reply', 15)) AS told (kind, minutes)
