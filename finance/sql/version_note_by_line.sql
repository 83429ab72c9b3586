-- The contracts that lines are moved away from.
CREATE TEMP TABLE finance_contracts_left ON COMMIT DROP AS
SELECT DISTINCT line.contract_id
FROM sync_touched AS touched
JOIN finance_contractline AS line ON line.id = touched.object_id
WHERE touched.kind <> 'created'
