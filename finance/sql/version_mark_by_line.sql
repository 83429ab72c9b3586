-- A conflict updates, so that a mark which is just being taken makes this wait instead of losing it.
INSERT INTO finance_contracttorecord (contract_id)
SELECT marked.contract_id
FROM (
    SELECT contract_id FROM finance_contracts_left
    UNION
    SELECT line.contract_id
    FROM sync_touched AS touched
    JOIN finance_contractline AS line ON line.id = touched.object_id
) AS marked
ORDER BY marked.contract_id
ON CONFLICT (contract_id) DO UPDATE SET marked_at = greatest(now(), finance_contracttorecord.first_marked_at);
DROP TABLE finance_contracts_left
