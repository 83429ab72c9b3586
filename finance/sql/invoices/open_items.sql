-- What is open of each invoice as of a day, when it fell due, and how much of it is disputed.
SELECT invoice.id, invoice.account_id, invoice.currency, item.open, {due} AS due_on,
    least(item.open, item.disputed) AS disputed
FROM finance_invoice AS invoice
JOIN accounts_account AS account ON account.id = invoice.account_id AND account.deleted_at IS NULL
CROSS JOIN LATERAL (
    SELECT
        invoice.total - least(invoice.total, greatest(0, coalesce((
            SELECT sum(held.amount)
            FROM finance_allocation AS held
            WHERE held.invoice_id = invoice.id AND held.undone_at IS NULL AND held."on" <= {day}
        ), 0))) AS open,
        coalesce((
            SELECT sum(line.total)
            FROM finance_invoiceline AS line
            WHERE line.invoice_id = invoice.id
                AND line.is_current
                AND EXISTS (
                    SELECT FROM finance_invoicedispute AS dispute
                    WHERE dispute.line_id = line.id
                        AND dispute.opened_at < {after}
                        AND (dispute.resolved_at IS NULL OR dispute.resolved_at >= {after})
                )
        ), 0) AS disputed
) AS item
WHERE invoice.deleted_at IS NULL
    AND invoice.kind = 'invoice'
    AND invoice.status = 'issued'
    AND invoice.issued_on <= {day}
    AND item.open > 0
