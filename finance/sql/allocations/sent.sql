-- What the credit notes and payments that name an invoice settle of it: credit notes first, then by day, until nothing
-- is open; of one day by name and amount, since the order in which they came must not matter. What was refunded is open
-- again, as far as it had been settled.
CREATE TEMP TABLE finance_sent ON COMMIT DROP AS
WITH named AS (
    SELECT note.corrects_id AS invoice_id, NULL::bigint AS payment_id, note.id AS credit_id, note.total AS amount,
        note.issued_on AS came_on, note.number AS name, note.currency, note.account_id
    FROM finance_concerned AS concerned
    JOIN finance_invoice AS note ON note.corrects_id = concerned.invoice_id
    WHERE note.deleted_at IS NULL AND note.kind = 'credit_note' AND note.status = 'issued'
    UNION ALL
    SELECT payment.invoice_id, payment.id, NULL, payment.amount, payment.paid_on, payment.reference, payment.currency,
        payment.account_id
    FROM finance_concerned AS concerned
    JOIN finance_payment AS payment ON payment.invoice_id = concerned.invoice_id
    WHERE payment.deleted_at IS NULL
),
fitting AS (
    SELECT named.*, invoice.total, greatest(named.came_on, invoice.issued_on) AS on_day
    FROM named
    JOIN finance_invoice AS invoice ON invoice.id = named.invoice_id
    WHERE invoice.deleted_at IS NULL
        AND invoice.kind = 'invoice'
        AND invoice.status IN ('issued', 'uncollectible')
        AND invoice.currency = named.currency
        AND invoice.account_id = named.account_id
),
-- Windows, as joining sums back to their rows made the planner go through all of them for each.
summed AS (
    SELECT fitting.*,
        coalesce(sum(amount) FILTER (WHERE amount > 0) OVER whole, 0) AS brought,
        coalesce(-sum(amount) FILTER (WHERE amount < 0) OVER whole, 0) AS refunded,
        sum(abs(amount)) OVER (
            PARTITION BY invoice_id, amount > 0
            ORDER BY credit_id IS NULL, came_on, name, amount, credit_id, payment_id
        ) - abs(amount) AS before
    FROM fitting
    WINDOW whole AS (PARTITION BY invoice_id)
),
ordered AS (
    SELECT summed.*, least(brought, total + refunded) AS taken
    FROM summed
)
SELECT invoice_id, payment_id, credit_id, on_day,
    CASE
        WHEN amount > 0 THEN greatest(0, least(amount, total + refunded - before))
        ELSE -greatest(0, least(-amount, taken - before))
    END AS amount
FROM ordered
