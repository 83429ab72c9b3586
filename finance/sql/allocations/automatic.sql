-- Money that settles nothing yet, the oldest first, over what is open, the oldest due first: both laid end to end, and
-- each piece of money settles what it lies beside. What was paid back and named no invoice is no longer there: it is taken
-- off the end of the money.
WITH money AS (
    SELECT payment.account_id, payment.currency, payment.id AS payment_id, NULL::bigint AS credit_id,
        payment.paid_on AS came_on, payment.amount - coalesce(sum(held.amount), 0) AS free
    FROM finance_payment AS payment
    LEFT JOIN finance_allocation AS held ON held.payment_id = payment.id AND held.undone_at IS NULL
    WHERE payment.deleted_at IS NULL AND payment.amount > 0 AND payment.paid_on <= {day}
        AND payment.account_id = ANY({accounts}::bigint[])
    GROUP BY payment.id
    UNION ALL
    SELECT note.account_id, note.currency, NULL, note.id, note.issued_on, note.total - coalesce(sum(held.amount), 0)
    FROM finance_invoice AS note
    LEFT JOIN finance_allocation AS held ON held.credit_id = note.id AND held.undone_at IS NULL
    WHERE note.deleted_at IS NULL AND note.kind = 'credit_note' AND note.status = 'issued'
        AND note.issued_on <= {day} AND note.account_id = ANY({accounts}::bigint[])
    GROUP BY note.id
),
paid_back AS (
    SELECT refund.account_id, refund.currency, sum(refund.amount - coalesce(held.amount, 0)) AS amount
    FROM finance_payment AS refund
    LEFT JOIN LATERAL (
        SELECT sum(allocation.amount) AS amount
        FROM finance_allocation AS allocation
        WHERE allocation.payment_id = refund.id AND allocation.undone_at IS NULL
    ) AS held ON TRUE
    WHERE refund.deleted_at IS NULL AND refund.amount < 0 AND refund.paid_on <= {day}
        AND refund.account_id = ANY({accounts}::bigint[])
    GROUP BY refund.account_id, refund.currency
),
laid_money AS (
    SELECT money.*, sum(money.free) OVER way AS until,
        sum(money.free) OVER (PARTITION BY money.account_id, money.currency)
            + coalesce(paid_back.amount, 0) AS there
    FROM money
    LEFT JOIN paid_back ON paid_back.account_id = money.account_id AND paid_back.currency = money.currency
    WHERE money.free > 0
    WINDOW way AS (
        PARTITION BY money.account_id, money.currency
        ORDER BY money.came_on, money.payment_id NULLS FIRST, money.credit_id
    )
),
laid_items AS (
    SELECT item.*, invoice.issued_on, sum(item.open) OVER way AS until
    FROM ({items}) AS item
    JOIN finance_invoice AS invoice ON invoice.id = item.id
    WHERE item.account_id = ANY({accounts}::bigint[]) AND invoice.issued_on <= {day}
    WINDOW way AS (PARTITION BY item.account_id, item.currency ORDER BY item.due_on, item.id)
)
INSERT INTO finance_allocation (payment_id, credit_id, invoice_id, amount, "on", kind, run_id, by_id)
SELECT money.payment_id, money.credit_id, item.id,
    least(money.until, money.there, item.until) - greatest(money.until - money.free, item.until - item.open),
    greatest(money.came_on, item.issued_on), 'automatic', {run}, {by}
FROM laid_money AS money
JOIN laid_items AS item
    ON item.account_id = money.account_id
    AND item.currency = money.currency
    AND money.until - money.free < least(item.until, money.there)
    AND item.until - item.open < least(money.until, money.there)
ORDER BY item.due_on, item.id, money.came_on
