-- Of accounts that owe or owed something; 0 where nothing is late.
SELECT own.account_id, own.currency,
    coalesce(sum(item.open - item.disputed) FILTER (WHERE item.due_on < {day}), 0) AS amount
FROM (
    SELECT DISTINCT account_id, currency
    FROM finance_invoice
    WHERE deleted_at IS NULL AND kind = 'invoice' AND status = 'issued' AND issued_on <= {day}
) AS own
LEFT JOIN ({items}) AS item ON item.account_id = own.account_id AND item.currency = own.currency
GROUP BY own.account_id, own.currency
