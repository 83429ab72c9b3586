-- The end of the term that runs on a day. Terms are counted from the first end, so that the end of a month stays one. The one
-- that ends in the month of the day, or the last one before it, has ended by then or is the one; else the next one is.
CASE
    WHEN {first_end} > {day} THEN {first_end}
    WHEN {months} IS NULL THEN NULL
    WHEN ({first_end} + make_interval(months => {turn} * {months}))::date > {day}
        THEN ({first_end} + make_interval(months => {turn} * {months}))::date
    ELSE ({first_end} + make_interval(months => ({turn} + 1) * {months}))::date
END
