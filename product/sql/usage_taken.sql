CREATE TEMPORARY TABLE IF NOT EXISTS product_usage_taken (account_id bigint NOT NULL, day date NOT NULL)
ON COMMIT DELETE ROWS;
-- A transaction may roll up more than once.
DELETE FROM product_usage_taken
