-- Invoices less credit notes less payments, with what was paid of those written off, by account and currency.
SELECT own.account_id, own.currency, sum(own.amount) AS amount
FROM (
    SELECT invoice.account_id, invoice.currency,
        CASE invoice.kind WHEN 'invoice' THEN invoice.total ELSE -invoice.total END AS amount
    FROM finance_invoice AS invoice
    WHERE invoice.deleted_at IS NULL AND invoice.status = 'issued' AND invoice.issued_on <= {day}
    UNION ALL
    SELECT invoice.account_id, invoice.currency, held.amount
    FROM finance_invoice AS invoice
    JOIN finance_allocation AS held ON held.invoice_id = invoice.id
    WHERE invoice.deleted_at IS NULL
        AND invoice.status = 'uncollectible'
        AND held.undone_at IS NULL
        AND held."on" <= {day}
    UNION ALL
    SELECT payment.account_id, payment.currency, -payment.amount
    FROM finance_payment AS payment
    WHERE payment.deleted_at IS NULL AND payment.paid_on <= {day}
) AS own
JOIN accounts_account AS account ON account.id = own.account_id AND account.deleted_at IS NULL
GROUP BY own.account_id, own.currency
