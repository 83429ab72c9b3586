DELETE FROM finance_allocation AS held
USING finance_concerned AS concerned
WHERE held.invoice_id = concerned.invoice_id
    AND held.kind = 'sent'
    AND NOT EXISTS (
        SELECT FROM finance_sent AS sent
        WHERE sent.invoice_id = held.invoice_id
            AND (sent.payment_id = held.payment_id OR sent.credit_id = held.credit_id)
            AND sent.amount <> 0
    )
