-- Not before anything that has been entered or closed, even where a clock was set back.
SELECT greatest(
    clock_timestamp(),
    (SELECT max(entry.recorded_at) FROM finance_revenueentry AS entry),
    (SELECT max(entry.recorded_at) FROM finance_rateentry AS entry),
    (SELECT max(closed.closed_at) FROM finance_revenueclose AS closed)
)
