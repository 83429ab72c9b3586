-- A payment is the account's whose invoice it names.
UPDATE finance_payment AS payment
SET account_id = invoice.account_id
FROM finance_invoice AS invoice
WHERE invoice.id = payment.invoice_id
    AND payment.account_id IS DISTINCT FROM invoice.account_id
    AND (
        payment.id IN (SELECT object_id FROM sync_touched WHERE {by_payment})
        OR invoice.id IN (SELECT object_id FROM sync_touched WHERE NOT {by_payment})
    )
