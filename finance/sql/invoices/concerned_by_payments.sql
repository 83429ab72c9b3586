CREATE TEMP TABLE finance_concerned ON COMMIT DROP AS
SELECT payment.invoice_id
FROM sync_touched AS touched
JOIN finance_payment AS payment ON payment.id = touched.object_id
WHERE payment.invoice_id IS NOT NULL
UNION
SELECT allocation.invoice_id
FROM sync_touched AS touched
JOIN finance_allocation AS allocation ON allocation.payment_id = touched.object_id
WHERE allocation.undone_at IS NULL
