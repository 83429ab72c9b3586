-- The day on which an invoice falls due: its own, else by the longest terms of the contracts that ran when it was issued.
SELECT coalesce(invoice.due_on, invoice.issued_on + coalesce((
    SELECT max(contract.payment_terms_days)
    FROM finance_contract AS contract
    WHERE contract.account_id = invoice.account_id
        AND contract.deleted_at IS NULL
        AND contract.start_on <= invoice.issued_on
        AND (contract.end_on IS NULL OR contract.end_on > invoice.issued_on)
), {usual})) AS on_day
