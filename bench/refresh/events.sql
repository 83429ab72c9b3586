-- One in five accounts is active on a day, with five events of two users and three features.
INSERT INTO product_usageevent (
    source_id, external_id, account_id, event, occurred_at, "user", feature, batch_id, xid
)
SELECT (SELECT id FROM sync_source WHERE slug = 'bench'), day || '-' || account.id || '-' || k, account.id, 'used',
    day::timestamp AT TIME ZONE 'UTC' + k * interval '3 hours', 'user' || account.id || '-' || k % 2,
    'feature' || k % 3, 0, 0
FROM generate_series(:first::date, :last::date, interval '1 day') AS every
CROSS JOIN LATERAL (SELECT every::date AS day) AS days
JOIN accounts_account AS account ON (account.id + (day - date '2000-01-01')) % 5 = 0
CROSS JOIN generate_series(1, 5) AS k
