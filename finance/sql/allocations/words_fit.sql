-- What people allocated stands as far as the money and the invoice still have room for it, the earliest word first.
WITH concerning AS (
    SELECT DISTINCT held.payment_id, held.credit_id
    FROM finance_allocation AS held
    JOIN finance_concerned AS concerned ON concerned.invoice_id = held.invoice_id
    WHERE held.undone_at IS NULL AND held.kind <> 'sent'
),
money AS (
    SELECT concerning.payment_id, concerning.credit_id,
        coalesce(payment.account_id, note.account_id) AS account_id,
        coalesce(payment.currency, note.currency) AS currency,
        coalesce(payment.paid_on, note.issued_on) AS came_on,
        greatest(0, CASE
            WHEN payment.id IS NOT NULL AND payment.deleted_at IS NULL THEN payment.amount
            WHEN note.deleted_at IS NULL AND note.kind = 'credit_note' AND note.status = 'issued' THEN note.total
            ELSE 0
        END - coalesce(sent.amount, 0)) AS free
    FROM concerning
    LEFT JOIN finance_payment AS payment ON payment.id = concerning.payment_id
    LEFT JOIN finance_invoice AS note ON note.id = concerning.credit_id
    LEFT JOIN finance_allocation AS sent
        ON sent.kind = 'sent' AND (sent.payment_id = concerning.payment_id OR sent.credit_id = concerning.credit_id)
),
wanted AS (
    SELECT held.id, held.invoice_id, held.amount, money.payment_id, money.credit_id, money.free, money.came_on,
        invoice.issued_on,
        CASE
            WHEN invoice.deleted_at IS NULL
                AND invoice.kind = 'invoice'
                AND invoice.status IN ('issued', 'uncollectible')
                AND invoice.currency = money.currency
                AND invoice.account_id = money.account_id
            THEN held.amount
            ELSE 0
        END AS fits
    FROM finance_allocation AS held
    JOIN money ON money.payment_id = held.payment_id OR money.credit_id = held.credit_id
    JOIN finance_invoice AS invoice ON invoice.id = held.invoice_id
    WHERE held.undone_at IS NULL AND held.kind <> 'sent'
),
paid AS (
    SELECT wanted.*,
        greatest(0, least(fits, free - (
            sum(fits) OVER (PARTITION BY payment_id, credit_id ORDER BY id) - fits
        ))) AS given
    FROM wanted
),
room AS (
    SELECT concerned.invoice_id, invoice.total - coalesce(sum(sent.amount), 0) AS room
    FROM (SELECT DISTINCT invoice_id FROM finance_concerned) AS concerned
    JOIN finance_invoice AS invoice ON invoice.id = concerned.invoice_id
    LEFT JOIN finance_allocation AS sent ON sent.invoice_id = concerned.invoice_id AND sent.kind = 'sent'
    GROUP BY concerned.invoice_id, invoice.total
),
others AS (
    -- All words about an invoice count, of whatever money.
    SELECT held.id, held.invoice_id, coalesce(paid.given, held.amount) AS given
    FROM finance_allocation AS held
    JOIN room ON room.invoice_id = held.invoice_id
    LEFT JOIN paid ON paid.id = held.id
    WHERE held.undone_at IS NULL AND held.kind <> 'sent'
),
settled AS (
    SELECT others.id, greatest(0, least(others.given, room.room - (
        sum(others.given) OVER (PARTITION BY others.invoice_id ORDER BY others.id) - others.given
    ))) AS amount
    FROM others
    JOIN room ON room.invoice_id = others.invoice_id
)
UPDATE finance_allocation AS held
SET amount = CASE WHEN settled.amount > 0 THEN settled.amount ELSE held.amount END,
    undone_at = CASE WHEN settled.amount > 0 THEN NULL ELSE now() END,
    undone_why = CASE
        WHEN settled.amount > 0 THEN ''
        ELSE 'The invoice or the money has no room for it any more.'
    END,
    "on" = CASE WHEN settled.amount > 0 THEN greatest(paid.came_on, paid.issued_on) ELSE held."on" END
FROM settled
JOIN paid ON paid.id = settled.id
WHERE held.id = settled.id
    AND (
        held.amount <> settled.amount
        OR held."on" <> greatest(paid.came_on, paid.issued_on)
    )
