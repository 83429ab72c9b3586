CREATE TEMP TABLE finance_concerned ON COMMIT DROP AS
SELECT object_id AS invoice_id FROM sync_touched
UNION
SELECT invoice.corrects_id
FROM sync_touched AS touched
JOIN finance_invoice AS invoice ON invoice.id = touched.object_id
WHERE invoice.corrects_id IS NOT NULL
UNION
SELECT corrects_id FROM finance_before WHERE corrects_id IS NOT NULL
UNION
SELECT allocation.invoice_id
FROM sync_touched AS touched
JOIN finance_allocation AS allocation ON allocation.credit_id = touched.object_id
WHERE allocation.undone_at IS NULL
