-- Terms that ended: the ARR of an account's contracts whose terms ended on one day, what of it was gone some days later,
-- and what had come on top. A contract that renews more often than once a year counts once in twelve months.
WITH ended AS (
    SELECT contract.id AS contract_id, contract.account_id, contract.currency, turn.ends_on
    FROM finance_contract AS contract
    JOIN accounts_account AS account ON account.id = contract.account_id AND account.deleted_at IS NULL
    CROSS JOIN LATERAL (
        SELECT 12 * ceil(greatest(coalesce(contract.renewal_months, 12), 1) / 12.0)::integer AS months
    ) AS span
    CROSS JOIN LATERAL (
        SELECT (contract.end_on + make_interval(months => span.months * step))::date AS ends_on
        FROM generate_series(
            0, CASE WHEN contract.auto_renew AND contract.end_on <= {until}
                THEN ({until}::date - contract.end_on) / 365 + 1 ELSE 0 END
        ) AS step
    ) AS turn
    WHERE contract.deleted_at IS NULL AND contract.end_on IS NOT NULL
        AND turn.ends_on > {since} AND turn.ends_on <= {until}
),
held AS (
    SELECT ended.account_id, ended.currency, ended.ends_on, sum(entry.arr) AS arr
    FROM ended
    JOIN finance_contractline AS line ON line.contract_id = ended.contract_id
    JOIN finance_revenueentry AS entry ON entry.line_id = line.id AND entry.account_id = ended.account_id
        AND entry."on" < ended.ends_on
    GROUP BY ended.account_id, ended.currency, ended.ends_on
    HAVING sum(entry.arr) > 0
),
turned AS (
    SELECT held.*,
        coalesce((
            SELECT sum(entry.arr) FROM finance_revenueentry AS entry
            WHERE entry.account_id = held.account_id AND entry.currency = held.currency
                AND entry."on" >= held.ends_on AND entry."on" <= held.ends_on + {days}::integer
        ), 0) AS change
    FROM held
)
SELECT coalesce(tier.slug, 'none') AS tier, count(*) AS cases,
    count(*) FILTER (WHERE least(greatest(-turned.change, 0), turned.arr) < turned.arr) AS renewed,
    sum(round(turned.arr * rate.end_rate, 2)) AS before,
    sum(round((turned.arr - least(greatest(-turned.change, 0), turned.arr)) * rate.end_rate, 2)) AS kept,
    sum(round(greatest(turned.change, 0) * rate.end_rate, 2)) AS raised
FROM turned
JOIN ({rates}) AS rate ON rate.currency = turned.currency AND rate.end_rate IS NOT NULL
LEFT JOIN accounts_tiertenure AS tenure
    ON tenure.account_id = turned.account_id AND tenure.during @> (turned.ends_on - 1)
LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
GROUP BY 1
