-- Every month from the one after the last closed, or from the first with revenue, up to the last that has ended.
INSERT INTO finance_revenueclose (month, closed_at, by_id)
SELECT step::date, {closed_at}, {by}
FROM generate_series(
    coalesce(
        (SELECT max(closed.month) + interval '1 month' FROM finance_revenueclose AS closed),
        (SELECT date_trunc('month', min(entry."on")::timestamp) FROM finance_revenueentry AS entry)
    ),
    {last}::timestamp,
    interval '1 month'
) AS step
RETURNING month
