-- New customers are measured against the days since their first use, so that a start is no surge.
SELECT account.id AS account_id,
    recent.events * (least({norm_days}, {recent_from}::date - start.day) / {recent_days}::numeric) / nullif(norm.events, 0)
        AS value
FROM accounts_account AS account
CROSS JOIN LATERAL (
    SELECT min(used.day) AS day
    FROM product_usageuserday AS used
    WHERE used.account_id = account.id AND used.day <= {as_of}
) AS start
CROSS JOIN LATERAL (
    SELECT coalesce(sum(used.events), 0) AS events
    FROM product_usageuserday AS used
    WHERE used.account_id = account.id AND used.day BETWEEN {recent_from} AND {as_of}
) AS recent
CROSS JOIN LATERAL (
    SELECT sum(used.events) AS events
    FROM product_usageuserday AS used
    WHERE used.account_id = account.id AND used.day >= {norm_from} AND used.day < {recent_from}
) AS norm
WHERE account.deleted_at IS NULL AND {recent_from}::date - start.day >= {fewest_days}
