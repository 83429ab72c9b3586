-- An invoice that had been issued with lines says something else now, or nothing.
INSERT INTO finance_invoicecorrection (invoice_id, kind, total_before, total_after, note, found_on)
SELECT
    invoice.id,
    CASE WHEN invoice.status = 'void' THEN 'voided' ELSE 'changed' END,
    before.total,
    CASE WHEN invoice.status = 'void' THEN 0 ELSE invoice.total END,
    CASE WHEN invoice.currency <> before.currency THEN 'The currency was ' || before.currency || '.' ELSE '' END,
    current_date
FROM finance_before AS before
JOIN finance_invoice AS invoice ON invoice.id = before.id
WHERE before.kind = 'invoice'
    AND invoice.kind = 'invoice'
    AND before.status IN ('issued', 'uncollectible')
    AND before.lines <> '[]'
    AND (
        invoice.status = 'void'
        OR (
            invoice.status IN ('issued', 'uncollectible')
            AND (invoice.total, invoice.currency) IS DISTINCT FROM (before.total, before.currency)
        )
    )
