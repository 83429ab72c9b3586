-- The events of one more day, with the marks that intake leaves.
INSERT INTO product_usageevent (
    source_id, external_id, account_id, event, occurred_at, "user", feature, batch_id, xid
)
SELECT (SELECT id FROM sync_source WHERE slug = 'bench'), :day::date || '-' || account.id || '-' || k, account.id, 'used',
    :day::date::timestamp AT TIME ZONE 'UTC' + k * interval '3 hours', 'user' || account.id || '-' || 1 + k % 2,
    'feature' || (account.id / 10 + k) % 5, 0, 0
FROM accounts_account AS account
CROSS JOIN generate_series(1, 4) AS k
WHERE (account.id + (:day::date - date '2000-01-01')) % 10 = 0;
INSERT INTO product_usagedaytorecompute (account_id, day)
SELECT DISTINCT account_id, :day::date
FROM product_usageevent
WHERE occurred_at >= :day::date::timestamp AT TIME ZONE 'UTC'
