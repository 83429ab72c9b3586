-- Months with more events in the default partition than it is worth leaving there, newest first.
SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS month
FROM product_usageevent_rest
GROUP BY month
HAVING count(*) >= %s
ORDER BY month DESC
LIMIT %s
