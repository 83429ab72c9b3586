-- What was entered after a month was closed and changes ARR at its end: by line and time, with the change of the
-- records behind it, which is the newest of its line, contract or account that was known by then and matters.
SELECT own.account_id, account.name AS account_name, own.line_id, line.product, line.contract_id,
    contract.number AS contract_number, own.currency, own.cause, own.recorded_at, own.arr AS change_own,
    round(own.arr * rate.end_rate, 2) AS change, told.batch_id, told.changed_at, told.resource,
    source.slug AS source, source.name AS source_name
FROM (
    SELECT entry.account_id, entry.line_id, entry.currency, entry.cause, entry.recorded_at, sum(entry.arr) AS arr
    FROM finance_revenueentry AS entry
    WHERE entry.corrects AND entry.recorded_at > {closed_at} AND entry."on" <= {day}
        AND ({account}::bigint IS NULL OR entry.account_id = {account}::bigint)
    GROUP BY entry.account_id, entry.line_id, entry.currency, entry.cause, entry.recorded_at
    HAVING sum(entry.arr) <> 0
) AS own
JOIN accounts_account AS account ON account.id = own.account_id
JOIN finance_contractline AS line ON line.id = own.line_id
JOIN finance_contract AS contract ON contract.id = line.contract_id
LEFT JOIN ({rates}) AS rate ON rate.currency = own.currency
LEFT JOIN LATERAL (
    SELECT found.*
    FROM (
        SELECT change.id, change.batch_id, change.source_id, change.changed_at, change.resource, change.kind, change.after
        FROM sync_change AS change
        WHERE change.object_id = own.line_id AND change.resource = 'contract-lines'
        UNION ALL
        SELECT change.id, change.batch_id, change.source_id, change.changed_at, change.resource, change.kind, change.after
        FROM sync_change AS change
        WHERE change.object_id = line.contract_id AND change.resource = 'contracts'
        UNION ALL
        SELECT change.id, change.batch_id, change.source_id, change.changed_at, change.resource, change.kind, change.after
        FROM sync_change AS change
        WHERE change.object_id = own.account_id AND change.resource = 'accounts'
            AND change.kind IN ('deleted', 'restored', 'merged', 'unmerged')
    ) AS found
    WHERE found.changed_at <= own.recorded_at
        AND (found.kind <> 'updated' OR found.after ?| {fields}::text[])
    ORDER BY found.id DESC
    LIMIT 1
) AS told ON true
LEFT JOIN sync_source AS source ON source.id = told.source_id
ORDER BY abs(round(own.arr * rate.end_rate, 2)) DESC NULLS LAST, own.account_id, own.line_id, own.recorded_at
