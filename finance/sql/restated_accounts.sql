-- Accounts whose ARR at the end of a month may no longer be what was published, with both, by currency, and what else
-- than lines may make the difference. An account with money in a currency without a rate is left out as a whole.
SELECT own.account_id, account.name AS account_name, own.currency, own.published, own.restated,
    CASE WHEN own.then_rate IS DISTINCT FROM own.now_rate THEN 'rate' WHEN own.is_left_out THEN 'left_out' ELSE 'rounding'
    END AS cause, told.batch_id, told.changed_at, source.slug AS source, source.name AS source_name
FROM (
    SELECT known.account_id, known.currency, known.then_rate, known.now_rate,
        CASE WHEN bool_or(known.then_own <> 0 AND known.then_rate IS NULL) OVER whole OR known.then_own = 0
            THEN 0 ELSE round(known.then_own * known.then_rate, 2) END AS published,
        CASE WHEN bool_or(known.now_own <> 0 AND known.now_rate IS NULL) OVER whole OR known.now_own = 0
            THEN 0 ELSE round(known.now_own * known.now_rate, 2) END AS restated,
        bool_or(
            known.then_own <> 0 AND known.then_rate IS NULL OR known.now_own <> 0 AND known.now_rate IS NULL
        ) OVER whole AS is_left_out
    FROM (
        SELECT held.*, published.end_rate AS then_rate, restated.end_rate AS now_rate
        FROM (
            SELECT entry.account_id, entry.currency,
                coalesce(round(sum(entry.arr) FILTER (WHERE entry.recorded_at <= {closed_at}), 2), 0) AS then_own,
                round(sum(entry.arr), 2) AS now_own
            FROM finance_revenueentry AS entry
            WHERE entry."on" <= {day} AND ({account}::bigint IS NULL OR entry.account_id = {account}::bigint)
            GROUP BY entry.account_id, entry.currency
        ) AS held
        LEFT JOIN ({published_rates}) AS published ON published.currency = held.currency
        LEFT JOIN ({rates}) AS restated ON restated.currency = held.currency
    ) AS known
    WINDOW whole AS (PARTITION BY known.account_id)
) AS own
JOIN accounts_account AS account ON account.id = own.account_id
LEFT JOIN LATERAL (
    SELECT change.batch_id, change.source_id, change.changed_at
    FROM finance_exchangerate AS quote
    JOIN sync_change AS change ON change.object_id = quote.id AND change.resource = 'exchange-rates'
    WHERE quote.currency = own.currency AND quote."on" <= {day} AND change.changed_at > {closed_at}
        AND own.then_rate IS DISTINCT FROM own.now_rate
    ORDER BY change.id DESC
    LIMIT 1
) AS told ON true
LEFT JOIN sync_source AS source ON source.id = told.source_id
WHERE own.published <> own.restated OR own.is_left_out OR own.then_rate IS DISTINCT FROM own.now_rate
ORDER BY own.account_id, own.currency
