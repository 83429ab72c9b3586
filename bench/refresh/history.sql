-- The roll-ups of the seeded days, so that a night begins where the one before ended.
INSERT INTO product_usageuserday (account_id, day, "user", events)
SELECT account_id, (occurred_at AT TIME ZONE 'UTC')::date, "user", count(*) FROM product_usageevent GROUP BY 1, 2, 3;
INSERT INTO product_usagefeatureday (account_id, day, feature, events)
SELECT account_id, (occurred_at AT TIME ZONE 'UTC')::date, feature, count(*) FROM product_usageevent GROUP BY 1, 2, 3;
INSERT INTO finance_revenuetorecompute (account_id) SELECT DISTINCT account_id FROM finance_contract
