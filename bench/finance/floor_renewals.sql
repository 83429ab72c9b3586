-- Terms that end and notices that fall due in twelve months, with what those that end are worth, as one would write it by hand.
WITH lines AS (
    SELECT contract_id, round(sum(amount * CASE billing_period WHEN 'year' THEN 1 WHEN 'quarter' THEN 4 WHEN 'month' THEN 12 ELSE 0 END
        * (100 - discount_percent) / 100) FILTER (WHERE amount > 0), 2) AS arr
    FROM finance_contractline
    WHERE start_on <= :day AND (end_on IS NULL OR end_on > :day) AND deleted_at IS NULL AND NOT is_trial
    GROUP BY contract_id
),
rates AS (
    SELECT DISTINCT ON (currency) currency, rate FROM finance_exchangerate WHERE "on" <= :day ORDER BY currency, "on" DESC
),
running AS (
    SELECT contract.currency, contract.notice_days, lines.arr, term.ends_on
    FROM finance_contract AS contract
    JOIN lines ON lines.contract_id = contract.id
    CROSS JOIN LATERAL (SELECT coalesce(contract.renewal_months, 12) AS months, age(:day::date, contract.end_on) AS past) AS renews
    CROSS JOIN LATERAL (
        SELECT greatest(0, extract(year FROM past) * 12 + extract(month FROM past))::integer / renews.months AS turns
    ) AS passed
    CROSS JOIN LATERAL (
        SELECT (contract.end_on + make_interval(months => step * renews.months))::date AS ends_on,
            step = 0 OR (contract.end_on + make_interval(months => (step - 1) * renews.months))::date <= :day AS is_first
        FROM generate_series(0, CASE WHEN contract.auto_renew THEN passed.turns + 12 / renews.months + 2 ELSE 0 END) AS step
    ) AS term
    WHERE contract.start_on <= :day AND contract.deleted_at IS NULL AND term.ends_on > :day
        AND (term.is_first OR (renews.months < 12 AND term.ends_on < :day::date + interval '12 months'))
)
SELECT date_trunc('month', event.day)::date, count(*) FILTER (WHERE event.ends), count(*) FILTER (WHERE NOT event.ends),
    coalesce(sum(round(running.arr * coalesce(rates.rate, 1), 2)) FILTER (WHERE event.ends), 0)
FROM running
LEFT JOIN rates USING (currency)
CROSS JOIN LATERAL (VALUES (running.ends_on, true), (running.ends_on - running.notice_days * interval '1 day', false)) AS event (day, ends)
WHERE event.day >= date_trunc('month', :day::timestamp) AND event.day < date_trunc('month', :day::timestamp) + interval '12 months'
GROUP BY 1
ORDER BY 1
