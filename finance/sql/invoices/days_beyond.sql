-- How late the payments of a year were, each day weighed by the money; what came early counts as in time.
SELECT invoice.account_id,
    round(sum(held.amount * greatest(0, held."on" - due.on_day)) / sum(held.amount), 1) AS value
FROM finance_allocation AS held
JOIN finance_payment AS payment ON payment.id = held.payment_id
JOIN finance_invoice AS invoice ON invoice.id = held.invoice_id
CROSS JOIN LATERAL (
    SELECT coalesce(invoice.due_on, invoice.issued_on + coalesce((
        SELECT max(contract.payment_terms_days)
        FROM finance_contract AS contract
        WHERE contract.account_id = invoice.account_id
            AND contract.deleted_at IS NULL
            AND contract.start_on <= invoice.issued_on
            AND (contract.end_on IS NULL OR contract.end_on > invoice.issued_on)
    ), {usual})) AS on_day
) AS due
WHERE held.undone_at IS NULL AND held.amount > 0 AND held."on" > {since} AND held."on" <= {day}
    AND invoice.account_id BETWEEN {first} AND {last}
GROUP BY invoice.account_id
