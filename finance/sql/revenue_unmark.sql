DELETE FROM finance_revenuetorecompute AS mark
USING finance_revenue_taken AS taken
WHERE mark.account_id = taken.account_id
