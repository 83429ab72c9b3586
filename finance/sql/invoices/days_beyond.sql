-- How late the payments of a year were, each day weighed by the money; what came early counts as in time.
SELECT invoice.account_id,
    round(sum(held.amount * greatest(0, held."on" - {due})) / sum(held.amount), 1) AS value
FROM finance_allocation AS held
JOIN finance_payment AS payment ON payment.id = held.payment_id
JOIN finance_invoice AS invoice ON invoice.id = held.invoice_id
WHERE held.undone_at IS NULL AND held.amount > 0 AND held."on" > {since} AND held."on" <= {day}
    AND invoice.account_id BETWEEN {first} AND {last}
GROUP BY invoice.account_id
