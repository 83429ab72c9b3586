-- The day on which an invoice falls due: its own, else by the longest terms of the contracts that ran when it was issued,
-- those that had renewed by themselves among them; never later than the last day that can be shown.
coalesce({due_on}, least(DATE '9999-12-31', {issued_on} + coalesce((
    SELECT max(contract.payment_terms_days)
    FROM finance_contract AS contract
    WHERE contract.account_id = {account_id}
        AND contract.deleted_at IS NULL
        AND contract.start_on <= {issued_on}
        AND (contract.end_on IS NULL OR contract.end_on > {issued_on} OR contract.auto_renew)
), {usual})))
