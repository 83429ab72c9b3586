INSERT INTO product_usageuserday (account_id, day, "user", events)
SELECT taken.account_id, taken.day, used."user", used.events
FROM product_usage_taken AS taken
CROSS JOIN LATERAL (
    SELECT event."user", count(*) AS events
    FROM product_usageevent AS event
    WHERE event.account_id = taken.account_id
        AND event.deleted_at IS NULL
        AND event.occurred_at >= taken.day::timestamp AT TIME ZONE 'UTC'
        AND event.occurred_at < (taken.day + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY event."user"
) AS used
