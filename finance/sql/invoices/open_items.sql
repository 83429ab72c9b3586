-- What is open of each invoice as of a day, when it fell due, and how much of it is disputed. Sums of allocations are joined, not
-- asked for each invoice: nearly all of many invoices are settled. Grouped by account too, so that one account's are found by it.
SELECT invoice.id, invoice.account_id, invoice.currency, invoice.open, {due} AS due_on,
    least(invoice.open, item.disputed) AS disputed
FROM (
    SELECT owed.id, owed.account_id, owed.currency, owed.issued_on, owed.due_on,
        owed.total - greatest(0, coalesce(sum(held.amount), 0)) AS open
    FROM finance_invoice AS owed
    LEFT JOIN finance_allocation AS held
        ON held.invoice_id = owed.id AND held.undone_at IS NULL AND held."on" <= {day}
    WHERE owed.deleted_at IS NULL
        AND owed.kind = 'invoice'
        AND owed.status = 'issued'
        AND owed.issued_on <= {day}
    GROUP BY owed.id, owed.account_id
    HAVING owed.total > greatest(0, coalesce(sum(held.amount), 0))
) AS invoice
JOIN accounts_account AS account ON account.id = invoice.account_id AND account.deleted_at IS NULL
CROSS JOIN LATERAL (
    SELECT coalesce(sum(line.total), 0) AS disputed
    FROM finance_invoiceline AS line
    WHERE line.invoice_id = invoice.id
        AND line.is_current
        AND EXISTS (
            SELECT FROM finance_invoicedispute AS dispute
            WHERE dispute.line_id = line.id
                AND dispute.opened_at < {after}
                AND (dispute.resolved_at IS NULL OR dispute.resolved_at >= {after})
        )
) AS item
