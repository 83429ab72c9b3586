CREATE TEMPORARY TABLE IF NOT EXISTS finance_revenue_taken (account_id bigint PRIMARY KEY) ON COMMIT DELETE ROWS;
-- A transaction may roll up more than once.
DELETE FROM finance_revenue_taken
