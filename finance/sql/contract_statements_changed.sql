-- What contracts say now where that isn't what their version in force says, and who told the latest change: of the
-- contract, of a line it has, or of one that it had.
SELECT said.contract_id, said.statement AS after, md5(said.statement::text) AS digest, held.id AS version_id,
    held.statement AS before, told.source_id, told.batch_id, told.source_updated_at
FROM ({statements}) AS said
JOIN finance_contractversion AS held ON held.contract_id = said.contract_id AND held.state = 'published'
LEFT JOIN LATERAL (
    SELECT change.source_id, change.batch_id, change.source_updated_at
    FROM sync_change AS change
    WHERE (change.resource, change.object_id) IN (
        SELECT 'contracts', said.contract_id
        UNION ALL
        SELECT 'contract-lines', line.id FROM finance_contractline AS line WHERE line.contract_id = said.contract_id
        UNION ALL
        SELECT 'contract-lines', (line ->> 'line')::bigint FROM jsonb_array_elements(held.statement -> 'lines') AS line
    )
    ORDER BY change.changed_at DESC, change.id DESC
    LIMIT 1
) AS told ON true
WHERE md5(said.statement::text) <> held.digest
ORDER BY said.contract_id
