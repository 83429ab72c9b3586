-- Money that settles nothing yet, the oldest first, over what is open, the oldest due first: both laid end to end, and
-- each piece of money settles what it lies beside.
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
laid_money AS (
    SELECT money.*, sum(free) OVER way AS until
    FROM money
    WHERE free > 0
    WINDOW way AS (PARTITION BY account_id, currency ORDER BY came_on, payment_id NULLS FIRST, credit_id)
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
    least(money.until, item.until) - greatest(money.until - money.free, item.until - item.open),
    greatest(money.came_on, item.issued_on), 'automatic', {run}, {by}
FROM laid_money AS money
JOIN laid_items AS item
    ON item.account_id = money.account_id
    AND item.currency = money.currency
    AND money.until - money.free < item.until
    AND item.until - item.open < money.until
ORDER BY item.due_on, item.id, money.came_on
