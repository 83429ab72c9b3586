-- The first page of open invoices, the longest due first, as one would write it by hand.
SELECT id, due, total - paid
FROM (
    SELECT invoice.id, invoice.total, coalesce(sum(held.amount), 0) AS paid,
        coalesce(invoice.due_on, invoice.issued_on + coalesce((
            SELECT max(payment_terms_days) FROM finance_contract AS contract
            WHERE contract.account_id = invoice.account_id AND contract.start_on <= invoice.issued_on
                AND (contract.end_on IS NULL OR contract.end_on > invoice.issued_on)
        ), 30)) AS due
    FROM finance_invoice AS invoice
    LEFT JOIN finance_allocation AS held ON held.invoice_id = invoice.id AND held."on" <= :day AND held.undone_at IS NULL
    WHERE invoice.kind = 'invoice' AND invoice.status = 'issued' AND invoice.issued_on <= :day AND invoice.deleted_at IS NULL
    GROUP BY invoice.id
    HAVING coalesce(sum(held.amount), 0) < invoice.total
) AS open
ORDER BY due, id
LIMIT :most
