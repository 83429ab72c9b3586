-- What one unit of a currency is worth on a day. A currency without a rate by then has no row: its money has
-- no value in the reporting currency, rather than a made-up one.
SELECT {reporting}::varchar AS currency, 1::numeric AS rate
UNION ALL
(
    SELECT DISTINCT ON (quote.currency) quote.currency, quote.rate
    FROM finance_exchangerate AS quote
    WHERE quote."on" <= {day} AND quote.deleted_at IS NULL AND quote.currency <> {reporting}
    ORDER BY quote.currency, quote."on" DESC, quote.id DESC
)
