-- Where what an invoice is named by also settles others, these may have to give way.
INSERT INTO finance_concerned (invoice_id)
SELECT DISTINCT other.invoice_id
FROM finance_concerned AS concerned
JOIN finance_payment AS payment ON payment.invoice_id = concerned.invoice_id
JOIN finance_allocation AS other ON other.payment_id = payment.id AND other.undone_at IS NULL
WHERE other.invoice_id NOT IN (SELECT invoice_id FROM finance_concerned)
UNION
SELECT DISTINCT other.invoice_id
FROM finance_concerned AS concerned
JOIN finance_invoice AS note ON note.corrects_id = concerned.invoice_id
JOIN finance_allocation AS other ON other.credit_id = note.id AND other.undone_at IS NULL
WHERE other.invoice_id NOT IN (SELECT invoice_id FROM finance_concerned)
