UPDATE finance_invoiceline AS held
SET is_current = FALSE
FROM sync_touched AS touched
WHERE held.invoice_id = touched.object_id
    AND held.is_current
    AND NOT EXISTS (
        SELECT FROM finance_lines AS sent
        WHERE sent.invoice_id = held.invoice_id AND sent.number = held.number
    )
