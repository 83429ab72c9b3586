-- What one unit of each currency is worth at both ends of windows, as it was known then. A currency without a rate
-- by then has none: its money has no value in the reporting currency, rather than a made-up one.
SELECT asked.place::integer AS place, quoted.currency,
    CASE WHEN quoted.currency = {reporting} THEN 1 ELSE started.rate END AS start_rate,
    CASE WHEN quoted.currency = {reporting} THEN 1 ELSE ended.rate END AS end_rate
FROM unnest({start_days}::date[], {end_days}::date[], {known}::timestamptz[])
    WITH ORDINALITY AS asked (start_day, end_day, known_at, place)
CROSS JOIN (
    SELECT {reporting}::varchar AS currency
    UNION
    SELECT DISTINCT entry.currency FROM finance_rateentry AS entry
) AS quoted
LEFT JOIN LATERAL (
    SELECT known.rate
    FROM (
        SELECT DISTINCT ON (entry."on") entry."on", entry.rate
        FROM finance_rateentry AS entry
        WHERE entry.currency = quoted.currency AND entry."on" <= asked.start_day
            AND entry.recorded_at <= asked.known_at
        ORDER BY entry."on" DESC, entry.id DESC
    ) AS known
    WHERE known.rate IS NOT NULL
    ORDER BY known."on" DESC
    LIMIT 1
) AS started ON true
LEFT JOIN LATERAL (
    SELECT known.rate
    FROM (
        SELECT DISTINCT ON (entry."on") entry."on", entry.rate
        FROM finance_rateentry AS entry
        WHERE entry.currency = quoted.currency AND entry."on" <= asked.end_day
            AND entry.recorded_at <= asked.known_at
        ORDER BY entry."on" DESC, entry.id DESC
    ) AS known
    WHERE known.rate IS NOT NULL
    ORDER BY known."on" DESC
    LIMIT 1
) AS ended ON true
