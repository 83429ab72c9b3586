WITH gone AS (
    DELETE FROM product_usageevent_rest
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM product_usageevent_rest WHERE occurred_at < %s LIMIT %s))
    RETURNING occurred_at
)
SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month, count(*) FROM gone GROUP BY month
