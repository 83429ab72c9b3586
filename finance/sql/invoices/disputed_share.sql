-- What is stored as disputed holds accounts with a dispute only: here nothing disputed is told from never invoiced, and
-- from a dispute in a currency without a rate.
SELECT revenue.account_id, coalesce(disputed.value, 0) / revenue.value AS value
FROM metrics_metricvalue AS revenue
LEFT JOIN metrics_metricvalue AS disputed
    ON disputed.key = 'finance.disputed' AND disputed.as_of = revenue.as_of
    AND disputed.account_id = revenue.account_id
WHERE revenue.key = 'finance.arr' AND revenue.as_of = {day} AND revenue.value > 0
    AND EXISTS (
        SELECT FROM finance_invoice AS invoice
        WHERE invoice.account_id = revenue.account_id AND invoice.deleted_at IS NULL AND invoice.issued_on <= {day}
    )
    AND revenue.account_id NOT IN (
        SELECT invoice.account_id
        FROM finance_invoicedispute AS dispute
        JOIN finance_invoiceline AS line ON line.id = dispute.line_id AND line.is_current
        JOIN finance_invoice AS invoice ON invoice.id = line.invoice_id
        WHERE invoice.deleted_at IS NULL AND invoice.status = 'issued' AND invoice.issued_on <= {day}
            AND dispute.opened_at < {after} AND (dispute.resolved_at IS NULL OR dispute.resolved_at >= {after})
            AND invoice.currency NOT IN (SELECT rate.currency FROM ({rates}) AS rate WHERE rate.end_rate IS NOT NULL)
    )
