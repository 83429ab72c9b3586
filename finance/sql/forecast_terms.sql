-- Contracts whose term ends within the time ahead, with their ARR before and after that day as the ledger has it.
WITH term AS (
    SELECT * FROM ({contracts}) AS contract WHERE contract.next_end > {base} AND contract.next_end <= {until}
)
SELECT term.id AS contract_id, term.number, term.account_id, account.name AS account_name, term.currency,
    term.next_end AS ends_on, term.notice_on, term.auto_renew, term.was_noticed, coalesce(tier.slug, 'none') AS tier,
    coalesce(sum(entry.arr) FILTER (WHERE entry."on" < term.next_end), 0) AS before,
    coalesce(sum(entry.arr), 0) AS after
FROM term
JOIN accounts_account AS account ON account.id = term.account_id AND account.deleted_at IS NULL
JOIN finance_contractline AS line ON line.contract_id = term.id
JOIN finance_revenueentry AS entry ON entry.line_id = line.id AND entry.account_id = term.account_id
    AND entry."on" <= term.next_end
LEFT JOIN accounts_tiertenure AS tenure ON tenure.account_id = term.account_id AND tenure.during @> {base}::date
LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
GROUP BY term.id, term.number, term.account_id, account.name, term.currency, term.next_end, term.notice_on,
    term.auto_renew, term.was_noticed, tier.slug
HAVING sum(entry.arr) FILTER (WHERE entry."on" < term.next_end) > 0
ORDER BY term.next_end, term.id
