-- What contracts obliged us to within a year, of each account, and what of it was done by its day.
SELECT contract.account_id,
    count(*) FILTER (WHERE (held.done_at AT TIME ZONE 'UTC')::date <= held.due_on) AS numerator,
    count(*) AS denominator
FROM finance_contractobligation AS held
JOIN finance_contract AS contract ON contract.id = held.contract_id AND contract.deleted_at IS NULL
WHERE held.party = 'ours'
    AND held.due_on > {since}
    AND held.due_on <= {day}
    AND (held.dropped_at IS NULL OR (held.dropped_at AT TIME ZONE 'UTC')::date > {day})
    AND (
        held.survives OR contract.end_on IS NULL OR contract.auto_renew OR held.due_on < contract.end_on
    )
GROUP BY contract.account_id
