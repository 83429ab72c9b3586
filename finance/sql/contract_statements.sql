-- What each of the contracts says now: its terms and its lines, amounts as text, so that none is rounded.
SELECT contract.id AS contract_id, contract.start_on, jsonb_build_object(
    'number', contract.number,
    'start_on', contract.start_on,
    'end_on', contract.end_on,
    'notice_days', contract.notice_days,
    'auto_renew', contract.auto_renew,
    'renewal_months', contract.renewal_months,
    'currency', contract.currency,
    'payment_terms_days', contract.payment_terms_days,
    'is_deleted', contract.deleted_at IS NOT NULL,
    'lines', coalesce(listed.lines, '[]'::jsonb)
)
    -- Clauses are written here alone: what a source says of a contract leaves them as they are.
    || CASE WHEN held.clauses IS NULL THEN jsonb_build_object() ELSE jsonb_build_object('clauses', held.clauses) END
    AS statement
FROM finance_contract AS contract
LEFT JOIN LATERAL (
    SELECT version.statement -> 'clauses' AS clauses
    FROM finance_contractversion AS version
    WHERE version.contract_id = contract.id AND version.state = 'published' AND jsonb_exists(version.statement, 'clauses')
) AS held ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_object(
            'line', line.id,
            'product', line.product,
            'start_on', line.start_on,
            'end_on', line.end_on,
            'amount', trim_scale(line.amount)::text,
            'billing_period', line.billing_period,
            'quantity', trim_scale(line.quantity)::text,
            'discount_percent', trim_scale(line.discount_percent)::text,
            'is_trial', line.is_trial
        ) ORDER BY line.start_on, line.id
    ) AS lines
    FROM finance_contractline AS line
    WHERE line.contract_id = contract.id AND line.deleted_at IS NULL
) AS listed ON true
WHERE contract.id = ANY ({contracts})
