-- Invoices overdue on a day with what is open and disputed of them, the oldest first; of some accounts or of all.
SELECT item.id, invoice.number, item.account_id, item.currency, item.due_on, item.open, item.disputed
FROM ({items}) AS item
JOIN finance_invoice AS invoice ON invoice.id = item.id
WHERE item.due_on < {day} AND ({accounts}::bigint[] IS NULL OR item.account_id = ANY({accounts}::bigint[]))
ORDER BY item.due_on, item.id
