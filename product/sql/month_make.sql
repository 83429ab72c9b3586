-- Whatever came for the month ahead of its partition lies in the default one and moves along. Locks are taken
-- in the order in which others take them, accounts first (the foreign key needs it), then from the parent down,
-- so that nobody waits crosswise.
SET LOCAL lock_timeout = '10s';
LOCK TABLE accounts_account IN SHARE ROW EXCLUSIVE MODE;
LOCK TABLE ONLY product_usageevent IN SHARE UPDATE EXCLUSIVE MODE;
LOCK TABLE product_usageevent_rest IN ACCESS EXCLUSIVE MODE;
CREATE TABLE {partition} (LIKE product_usageevent INCLUDING DEFAULTS INCLUDING STORAGE);
WITH moved AS (
    DELETE FROM product_usageevent_rest WHERE occurred_at >= {first} AND occurred_at < {after} RETURNING *
)
INSERT INTO {partition} SELECT * FROM moved;
ALTER TABLE product_usageevent ATTACH PARTITION {partition} FOR VALUES FROM ({first}) TO ({after});
ANALYZE {partition}
