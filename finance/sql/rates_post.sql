WITH said AS (
    SELECT quote.currency, quote."on", quote.rate
    FROM finance_exchangerate AS quote
    WHERE quote.deleted_at IS NULL
),
held AS (
    SELECT DISTINCT ON (entry.currency, entry."on") entry.currency, entry."on", entry.rate
    FROM finance_rateentry AS entry
    ORDER BY entry.currency, entry."on" DESC, entry.id DESC
)
INSERT INTO finance_rateentry (currency, "on", rate, recorded_at)
SELECT coalesce(said.currency, held.currency), coalesce(said."on", held."on"), said.rate, {recorded_at}
FROM said
FULL JOIN held ON held.currency = said.currency AND held."on" = said."on"
WHERE said.rate IS DISTINCT FROM held.rate
ORDER BY 1, 2
