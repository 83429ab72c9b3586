INSERT INTO finance_invoiceline AS held (
    invoice_id, number, account_id, contract_line_id, description, period_start, period_end, quantity, unit_amount,
    net, tax_percent, tax, total, is_current
)
SELECT
    invoice_id, number, account_id, contract_line_id, description, period_start, period_end, quantity, unit_amount,
    net, tax_percent, tax, net + tax, TRUE
FROM finance_lines
ORDER BY invoice_id, number
ON CONFLICT (invoice_id, number) DO UPDATE SET
    account_id = excluded.account_id,
    contract_line_id = excluded.contract_line_id,
    description = excluded.description,
    period_start = excluded.period_start,
    period_end = excluded.period_end,
    quantity = excluded.quantity,
    unit_amount = excluded.unit_amount,
    net = excluded.net,
    tax_percent = excluded.tax_percent,
    tax = excluded.tax,
    total = excluded.total,
    is_current = TRUE
WHERE (
    held.account_id, held.contract_line_id, held.description, held.period_start, held.period_end, held.quantity,
    held.unit_amount, held.net, held.tax_percent, held.tax, held.is_current
) IS DISTINCT FROM (
    excluded.account_id, excluded.contract_line_id, excluded.description, excluded.period_start,
    excluded.period_end, excluded.quantity, excluded.unit_amount, excluded.net, excluded.tax_percent, excluded.tax,
    TRUE
)
