-- Invoices of a year of each account, and those of them that were never corrected through a fault of ours by then.
SELECT invoice.account_id,
    count(*) FILTER (
        WHERE NOT EXISTS (
            SELECT FROM finance_invoicecorrection AS correction
            WHERE correction.invoice_id = invoice.id
                AND correction.root_cause <> 'goodwill'
                AND correction.found_on <= {day}
        )
    ) AS numerator,
    count(*) AS denominator
FROM finance_invoice AS invoice
WHERE invoice.deleted_at IS NULL
    AND invoice.kind = 'invoice'
    AND invoice.status <> 'draft'
    AND invoice.issued_on > {since}
    AND invoice.issued_on <= {day}
GROUP BY invoice.account_id
