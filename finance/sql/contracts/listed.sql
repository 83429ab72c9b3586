-- Days as they are read: by day, account and contract.
SELECT day."on", day.kind, day.contract_id, day.is_later
FROM ({days}) AS day
JOIN finance_contract AS contract ON contract.id = day.contract_id
JOIN accounts_account AS account ON account.id = contract.account_id
ORDER BY day."on", account.name, day.contract_id, day.kind
LIMIT {most}
