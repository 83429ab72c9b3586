CREATE TEMP TABLE finance_noted ON COMMIT DROP AS
SELECT DISTINCT contract.account_id
FROM sync_touched AS touched
JOIN finance_contract AS contract ON contract.id = touched.object_id
WHERE touched.kind <> 'created'
