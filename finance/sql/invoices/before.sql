-- What invoices were before the batch, and which ones are concerned by what it changes.
CREATE TEMP TABLE finance_before ON COMMIT DROP AS
SELECT invoice.id, invoice.kind, invoice.status, invoice.total, invoice.currency, invoice.lines, invoice.corrects_id
FROM sync_touched AS touched
JOIN finance_invoice AS invoice ON invoice.id = touched.object_id
WHERE touched.kind <> 'created'
