INSERT INTO finance_allocation AS held (payment_id, credit_id, invoice_id, amount, "on", kind)
SELECT payment_id, credit_id, invoice_id, amount, on_day, 'sent'
FROM finance_sent
WHERE amount <> 0 AND {source} IS NOT NULL
ORDER BY {source}
ON CONFLICT ({source}) WHERE kind = 'sent' DO UPDATE SET
    invoice_id = excluded.invoice_id, amount = excluded.amount, "on" = excluded."on"
WHERE (held.invoice_id, held.amount, held."on") IS DISTINCT FROM (excluded.invoice_id, excluded.amount, excluded."on")
