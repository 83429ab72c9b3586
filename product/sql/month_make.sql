-- Whatever came for the month ahead of its partition lies in the default one and moves along. Locks are taken
-- from the parent down, as readers take them, so that nobody waits crosswise.
SET LOCAL lock_timeout = '10s';
LOCK TABLE ONLY product_usageevent IN SHARE UPDATE EXCLUSIVE MODE;
LOCK TABLE product_usageevent_rest IN ACCESS EXCLUSIVE MODE;
CREATE TABLE {partition} (LIKE product_usageevent INCLUDING DEFAULTS INCLUDING STORAGE);
WITH moved AS (
    DELETE FROM product_usageevent_rest WHERE occurred_at >= {first} AND occurred_at < {after} RETURNING *
)
INSERT INTO {partition} SELECT * FROM moved;
ALTER TABLE product_usageevent ATTACH PARTITION {partition} FOR VALUES FROM ({first}) TO ({after});
ANALYZE {partition}
