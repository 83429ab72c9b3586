-- What is open by how late it is, and what was paid ahead, by account and currency.
SELECT own.account_id, own.currency,
    coalesce(sum(own.open) FILTER (WHERE own.late <= 0), 0) AS current,
    coalesce(sum(own.open) FILTER (WHERE own.late BETWEEN 1 AND 30), 0) AS to_30,
    coalesce(sum(own.open) FILTER (WHERE own.late BETWEEN 31 AND 60), 0) AS to_60,
    coalesce(sum(own.open) FILTER (WHERE own.late BETWEEN 61 AND 90), 0) AS to_90,
    coalesce(sum(own.open) FILTER (WHERE own.late > 90), 0) AS over_90,
    coalesce(sum(own.open) FILTER (WHERE own.late IS NULL), 0) AS unallocated,
    coalesce(sum(own.disputed), 0) AS disputed,
    max(own.late) AS days_late
FROM (
    SELECT account_id, currency, open, {day}::date - due_on AS late, disputed
    FROM ({items}) AS item
    UNION ALL
    SELECT payment.account_id, payment.currency, -(payment.amount - coalesce(sum(held.amount), 0)), NULL, 0
    FROM finance_payment AS payment
    JOIN accounts_account AS account ON account.id = payment.account_id AND account.deleted_at IS NULL
    LEFT JOIN finance_allocation AS held
        ON held.payment_id = payment.id AND held.undone_at IS NULL AND held."on" <= {day}
    WHERE payment.deleted_at IS NULL AND payment.paid_on <= {day}
    GROUP BY payment.id, payment.account_id
    HAVING payment.amount <> coalesce(sum(held.amount), 0)
    UNION ALL
    SELECT note.account_id, note.currency, -(note.total - coalesce((
        SELECT sum(held.amount)
        FROM finance_allocation AS held
        WHERE held.credit_id = note.id AND held.undone_at IS NULL AND held."on" <= {day}
    ), 0)), NULL, 0
    FROM finance_invoice AS note
    JOIN accounts_account AS account ON account.id = note.account_id AND account.deleted_at IS NULL
    WHERE note.deleted_at IS NULL AND note.kind = 'credit_note' AND note.status = 'issued' AND note.issued_on <= {day}
    UNION ALL
    -- More was paid than asked, and paid back later, or paid back before it came: between the two days it is over.
    SELECT invoice.account_id, invoice.currency,
        least(invoice.total, greatest(0, settled.amount)) - settled.amount, NULL, 0
    FROM finance_invoice AS invoice
    JOIN accounts_account AS account ON account.id = invoice.account_id AND account.deleted_at IS NULL
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(held.amount), 0) AS amount
        FROM finance_allocation AS held
        WHERE held.invoice_id = invoice.id AND held.undone_at IS NULL AND held."on" <= {day}
    ) AS settled
    WHERE invoice.deleted_at IS NULL AND invoice.kind = 'invoice' AND invoice.status = 'issued'
        AND EXISTS (
            SELECT FROM finance_allocation AS refund WHERE refund.invoice_id = invoice.id AND refund.amount < 0
        )
        AND settled.amount NOT BETWEEN 0 AND invoice.total
) AS own
WHERE {accounts}::bigint[] IS NULL OR own.account_id = ANY({accounts}::bigint[])
GROUP BY own.account_id, own.currency
HAVING bool_or(own.open <> 0)
ORDER BY own.account_id, own.currency
