-- Invoices of a year by the segment of their account on the day, and those of them that were corrected through a fault
-- of ours by then.
WITH issued AS (
    SELECT invoice.id, coalesce(tier.slug, 'none') AS tier,
        coalesce(nullif(account.industry, ''), 'none') AS industry,
        invoice.account_id,
        EXISTS (
            SELECT FROM finance_invoicecorrection AS correction
            WHERE correction.invoice_id = invoice.id
                AND correction.root_cause <> 'goodwill'
                AND correction.found_on <= {day}
        ) AS was_wrong
    FROM finance_invoice AS invoice
    JOIN accounts_account AS account ON account.id = invoice.account_id AND account.deleted_at IS NULL
    LEFT JOIN accounts_tiertenure AS tenure
        ON tenure.account_id = invoice.account_id AND tenure.during @> {day}::date
    LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
    WHERE invoice.deleted_at IS NULL
        AND invoice.kind = 'invoice'
        AND invoice.status <> 'draft'
        AND invoice.issued_on > {since}
        AND invoice.issued_on <= {day}
)
SELECT 'finance.invoice_accuracy' AS key,
    CASE grouping(tier, industry) WHEN 3 THEN 'all' WHEN 1 THEN 'tier' ELSE 'industry' END AS dimension,
    CASE grouping(tier, industry) WHEN 3 THEN '' WHEN 1 THEN tier ELSE industry END AS member,
    count(*) FILTER (WHERE NOT was_wrong)::numeric / nullif(count(*), 0) AS value,
    count(*) FILTER (WHERE NOT was_wrong) AS numerator,
    count(*) AS denominator,
    count(DISTINCT account_id) AS accounts
FROM issued
GROUP BY GROUPING SETS ((), (tier), (industry))
