-- Customers that have a sponsor of ours, and those whose sponsor took part in a touch of late.
SELECT account.id AS account_id,
    CASE WHEN touch.value <= {days} THEN 1 ELSE 0 END AS numerator,
    1 AS denominator
FROM accounts_account AS account
JOIN metrics_metricvalue AS arr
    ON arr.key = 'finance.arr' AND arr.as_of = {day} AND arr.account_id = account.id AND arr.value > 0
LEFT JOIN metrics_metricvalue AS touch
    ON touch.key = 'engagement.days_since_sponsor_touch' AND touch.as_of = {day} AND touch.account_id = account.id
WHERE account.sponsor_email <> '' AND EXISTS ({feed})
