-- What accounts that an override holds on {on} were in before it.
SELECT DISTINCT ON (override.account_id) override.account_id, before.tier_id AS held_id
FROM accounts_tiertenure AS override
JOIN accounts_tiertenure AS before ON before.account_id = override.account_id
WHERE override.cause = 'override' AND override.during @> {on}::date
    AND before.cause <> 'override' AND before.during << override.during
ORDER BY override.account_id, before.during DESC
