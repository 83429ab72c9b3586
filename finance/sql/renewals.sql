-- The next end of term of a contract that still has a running line; terms are counted from the first end, so
-- that the end of a month stays one.
SELECT contract.account_id, min(upcoming.renews_on) - date '1970-01-01' AS value
FROM finance_contract AS contract
JOIN accounts_account AS account ON account.id = contract.account_id AND account.deleted_at IS NULL
CROSS JOIN LATERAL (
    SELECT CASE WHEN contract.auto_renew THEN greatest(coalesce(contract.renewal_months, 12), 1) END AS months
) AS term
CROSS JOIN LATERAL (
    SELECT extract(year FROM span) * 12 + extract(month FROM span) AS months
    FROM age({as_of}::date, contract.end_on) AS span
) AS passed
CROSS JOIN LATERAL (
    SELECT min(turn.renews_on) AS renews_on
    FROM (
        SELECT contract.end_on AS renews_on
        UNION ALL
        SELECT (contract.end_on + make_interval(months => term.months * (floor(passed.months / term.months) + step)::integer))::date
        FROM generate_series(0, 2) AS step
        WHERE term.months IS NOT NULL AND passed.months >= 0
    ) AS turn
    WHERE turn.renews_on > {as_of}
) AS upcoming
WHERE contract.deleted_at IS NULL
    AND contract.start_on <= {as_of}
    AND contract.end_on IS NOT NULL
    AND EXISTS (
        SELECT FROM finance_contractline AS line
        WHERE line.contract_id = contract.id AND line.deleted_at IS NULL
            AND line.start_on <= {as_of} AND (line.end_on IS NULL OR line.end_on > {as_of})
    )
GROUP BY contract.account_id
