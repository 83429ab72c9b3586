-- Use of 400 days: one account in ten on a day, by one or two people, with two features; 3 M rows by user.
INSERT INTO product_usageuserday (account_id, day, "user", events)
SELECT account.id, day, 'user' || account.id || '-' || k, 2 + (account.id + (day - date '2000-01-01')) % 7
FROM generate_series(:first::date, :last::date, interval '1 day') AS every
CROSS JOIN LATERAL (SELECT every::date AS day) AS days
JOIN accounts_account AS account ON (account.id + (day - date '2000-01-01')) % 10 = 0
CROSS JOIN LATERAL generate_series(1, 1 + (account.id % 2)::integer) AS k;
INSERT INTO product_usagefeatureday (account_id, day, feature, events)
SELECT account.id, day, 'feature' || (account.id / 10 + k) % 5, 3
FROM generate_series(:first::date, :last::date, interval '1 day') AS every
CROSS JOIN LATERAL (SELECT every::date AS day) AS days
JOIN accounts_account AS account ON (account.id + (day - date '2000-01-01')) % 10 = 0
CROSS JOIN generate_series(1, 2) AS k
