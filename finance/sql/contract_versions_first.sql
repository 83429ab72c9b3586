-- The first version of those contracts that have none.
INSERT INTO finance_contractversion
    (contract_id, version, state, cause, note, starts_on, published_at, statement, digest, source_id, batch_id)
SELECT said.contract_id, 1, 'published', 'original', '', said.start_on, now(), said.statement,
    md5(said.statement::text), told.source_id, told.batch_id
FROM ({statements}) AS said
LEFT JOIN LATERAL (
    SELECT change.source_id, change.batch_id
    FROM sync_change AS change
    WHERE change.resource = 'contracts' AND change.object_id = said.contract_id
    ORDER BY change.id DESC
    LIMIT 1
) AS told ON true
WHERE NOT EXISTS (
    SELECT FROM finance_contractversion AS held
    WHERE held.contract_id = said.contract_id AND held.state IN ('published', 'retired')
)
