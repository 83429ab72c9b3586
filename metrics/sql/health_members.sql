-- Customers of a slice on a day: whoever pays is one too.
SELECT account.id AS account_id
FROM accounts_account AS account
LEFT JOIN accounts_tiertenure AS tenure ON tenure.account_id = account.id AND tenure.during @> {as_of}::date
WHERE account.id BETWEEN {first} AND {last}
    AND account.deleted_at IS NULL
    AND (
        account.lifecycle = 'customer'
        OR EXISTS (
            SELECT FROM metrics_metricvalue AS revenue
            WHERE revenue.account_id = account.id AND revenue.as_of = {as_of}
                AND revenue.key = 'finance.arr' AND revenue.value > 0
        )
    )
    AND {scope}
