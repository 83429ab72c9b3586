-- Where an account's profile is no longer what is kept of it, that ends on the day (or is replaced, if it began then).
UPDATE finance_revenueplace AS place
SET until = CASE WHEN place.since = {day} THEN NULL ELSE {day} END,
    industry = CASE WHEN place.since = {day} THEN account.industry ELSE place.industry END,
    country = CASE WHEN place.since = {day} THEN account.country ELSE place.country END,
    employees = CASE WHEN place.since = {day} THEN account.employees ELSE place.employees END,
    owner_email = CASE WHEN place.since = {day} THEN account.owner_email ELSE place.owner_email END
FROM accounts_account AS account
WHERE account.id = place.account_id AND place.until IS NULL AND account.id BETWEEN {first} AND {last}
    AND (place.since IS NULL OR place.since <= {day})
    AND (account.industry, account.country, account.employees, account.owner_email)
        IS DISTINCT FROM (place.industry, place.country, place.employees, place.owner_email)
