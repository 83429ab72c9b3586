-- The days of running contracts from one day to before another: terms that end, and the last days for notice of them. Of what renews
-- more than once a year those after the term that runs too, as far as they end within a year.
SELECT turn.id AS contract_id, turn.currency, event."on", event.kind, turn.is_later
FROM (
    WITH running AS MATERIALIZED ({running})
    SELECT running.id, running.currency, running.notice_days, running.next_end AS ends_on, false AS is_later
    FROM running
    UNION ALL
    SELECT running.id, running.currency, running.notice_days, later.ends_on, true
    FROM running
    CROSS JOIN LATERAL (
        SELECT greatest(0, {month} - (extract(year FROM running.end_on) * 12 + extract(month FROM running.end_on))::integer)
            / running.renews_for AS turns
    ) AS passed
    CROSS JOIN LATERAL (
        SELECT (running.end_on + make_interval(months => step * running.renews_for))::date AS ends_on
        FROM generate_series(passed.turns, passed.turns + {usual} / running.renews_for + 2) AS step
    ) AS later
    WHERE running.renews_for < {usual} AND later.ends_on > running.next_end AND later.ends_on < {year_on}
) AS turn
CROSS JOIN LATERAL (
    VALUES (turn.ends_on, 'end'), (CASE WHEN turn.notice_days > 0 THEN turn.ends_on - least(turn.notice_days, {longest}) END, 'notice')
) AS event ("on", kind)
WHERE event."on" >= {first} AND event."on" < {until}
