-- Currencies without a rate of revenue that ran at any time from one day to another, and of how many accounts.
SELECT line.currency, count(DISTINCT line.account_id)
FROM ({lines}) AS line
JOIN accounts_account AS account ON account.id = line.account_id AND account.deleted_at IS NULL
LEFT JOIN ({rates}) AS rate ON rate.currency = line.currency
WHERE rate.rate IS NULL
    AND ({account}::bigint IS NULL OR line.account_id = {account}::bigint)
    AND line.start_on <= {day} AND (line.ends_on IS NULL OR line.ends_on > {since})
GROUP BY line.currency
ORDER BY line.currency
