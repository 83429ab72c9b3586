-- The time of what is entered now, behind every close even where a clock was set back, and the first day of which
-- no month is closed.
SELECT greatest(clock_timestamp(), max(closed.closed_at) + interval '1 microsecond') AS recorded_at,
    (max(closed.month) + interval '1 month')::date AS open_from
FROM finance_revenueclose AS closed
