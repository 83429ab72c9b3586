-- The lines as they were sent, each with the account and the contract line that its references stand for now.
CREATE TEMP TABLE finance_lines ON COMMIT DROP AS
SELECT
    invoice.id AS invoice_id,
    (sent.line ->> 'number')::integer AS number,
    coalesce(account.object_id, invoice.account_id) AS account_id,
    contract_line.object_id AS contract_line_id,
    sent.line ->> 'description' AS description,
    (sent.line ->> 'period_start')::date AS period_start,
    (sent.line ->> 'period_end')::date AS period_end,
    (sent.line ->> 'quantity')::numeric AS quantity,
    (sent.line ->> 'unit_amount')::numeric AS unit_amount,
    (sent.line ->> 'net')::numeric AS net,
    (sent.line ->> 'tax_percent')::numeric AS tax_percent,
    (sent.line ->> 'tax')::numeric AS tax
FROM sync_touched AS touched
JOIN finance_invoice AS invoice ON invoice.id = touched.object_id
CROSS JOIN LATERAL jsonb_array_elements(invoice.lines) AS sent (line)
LEFT JOIN sync_source AS account_source ON account_source.slug = sent.line #>> '{{account,source}}'
LEFT JOIN sync_link AS account
    ON account.source_id = account_source.id
    AND account.resource = 'accounts'
    AND account.external_id = sent.line #>> '{{account,external_id}}'
LEFT JOIN sync_source AS line_source ON line_source.slug = sent.line #>> '{{contract_line,source}}'
LEFT JOIN sync_link AS contract_line
    ON contract_line.source_id = line_source.id
    AND contract_line.resource = 'contract-lines'
    AND contract_line.external_id = sent.line #>> '{{contract_line,external_id}}'
