-- What the ledger holds already of days ahead: changes by contract and day.
SELECT line.contract_id, contract.number, entry.account_id, account.name AS account_name, entry.currency, entry."on",
    sum(entry.arr) AS arr
FROM finance_revenueentry AS entry
JOIN finance_contractline AS line ON line.id = entry.line_id
JOIN finance_contract AS contract ON contract.id = line.contract_id
JOIN accounts_account AS account ON account.id = entry.account_id
WHERE entry."on" > {base} AND entry."on" <= {until}
GROUP BY line.contract_id, contract.number, entry.account_id, account.name, entry.currency, entry."on"
HAVING sum(entry.arr) <> 0
ORDER BY entry."on", line.contract_id
