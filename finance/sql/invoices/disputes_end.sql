UPDATE finance_invoicedispute AS dispute
SET resolved_at = now(), outcome = 'line_gone'
FROM finance_invoiceline AS line, sync_touched AS touched
WHERE line.id = dispute.line_id
    AND line.invoice_id = touched.object_id
    AND NOT line.is_current
    AND dispute.resolved_at IS NULL
