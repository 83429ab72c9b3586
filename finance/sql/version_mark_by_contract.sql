-- A conflict updates, so that a mark which is just being taken makes this wait instead of losing it.
INSERT INTO finance_contracttorecord (contract_id)
SELECT touched.object_id
FROM sync_touched AS touched
ORDER BY touched.object_id
ON CONFLICT (contract_id) DO UPDATE SET marked_at = greatest(now(), finance_contracttorecord.first_marked_at)
