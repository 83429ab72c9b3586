-- What intake leaves beside the events of a day.
INSERT INTO product_usagedaytorecompute (account_id, day)
SELECT DISTINCT account_id, :day::date
FROM product_usageevent
WHERE occurred_at >= :day::timestamp AT TIME ZONE 'UTC'
