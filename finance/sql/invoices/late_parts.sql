-- How late the payments of a year were, each day weighed by the money in the reporting currency, and that money.
SELECT paid.account_id, sum(paid.amount * paid.days_late) AS numerator, sum(paid.amount) AS denominator
FROM (
    SELECT invoice.account_id, held.amount * rate.end_rate AS amount, greatest(0, held."on" - {due}) AS days_late
    FROM finance_allocation AS held
    JOIN finance_payment AS payment ON payment.id = held.payment_id
    JOIN finance_invoice AS invoice ON invoice.id = held.invoice_id
    JOIN ({rates}) AS rate ON rate.currency = invoice.currency
    WHERE held.undone_at IS NULL AND held.amount > 0 AND held."on" > {since} AND held."on" <= {day}
        AND rate.end_rate IS NOT NULL
) AS paid
GROUP BY paid.account_id
