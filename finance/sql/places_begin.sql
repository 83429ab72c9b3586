-- Of accounts with revenue: without a start where nothing was known before, else from the day on which the last ended.
INSERT INTO finance_revenueplace (account_id, since, industry, country, employees, owner_email)
SELECT account.id, past.until, account.industry, account.country, account.employees, account.owner_email
FROM accounts_account AS account
LEFT JOIN LATERAL (
    SELECT max(place.until) AS until FROM finance_revenueplace AS place WHERE place.account_id = account.id
) AS past ON true
WHERE account.id IN (
        SELECT taken.account_id FROM finance_revenue_taken AS taken
        UNION ALL
        SELECT place.account_id FROM finance_revenueplace AS place
        WHERE place.until = {day} AND place.account_id BETWEEN {first} AND {last}
    )
    AND NOT EXISTS (
        SELECT FROM finance_revenueplace AS place WHERE place.account_id = account.id AND place.until IS NULL
    )
    AND EXISTS (SELECT FROM finance_revenueentry AS entry WHERE entry.account_id = account.id)
