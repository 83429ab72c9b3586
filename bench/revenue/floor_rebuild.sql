-- The plain window query: what each line changes, from what the account's months hold, as the same rows.
CREATE TEMPORARY TABLE month AS
SELECT contract.account_id, line.id AS line_id, contract.currency, step."on", step.arr
FROM finance_contractline AS line
JOIN finance_contract AS contract ON contract.id = line.contract_id
CROSS JOIN LATERAL (VALUES (line.start_on, line.amount), (line.end_on, 0)) AS step ("on", arr)
WHERE step."on" IS NOT NULL;
INSERT INTO bench_floor (account_id, line_id, currency, "on", arr, recorded_at, cause, corrects)
SELECT account_id, line_id, currency, "on",
    arr - lag(arr, 1, 0::numeric) OVER (PARTITION BY account_id, line_id ORDER BY "on"),
    now(), CASE WHEN arr > 0 THEN 'began' ELSE 'ended' END, false
FROM month
ORDER BY account_id, currency, "on";
DROP TABLE month
