-- Take what is due: the oldest waiting delivery of each account, a few at a time of each endpoint, one where it fails.
WITH taken AS (
    SELECT ready.id
    FROM sync_webhookendpoint AS endpoint
    CROSS JOIN LATERAL (
        SELECT count(*) AS count
        FROM sync_webhookdelivery AS held
        WHERE held.endpoint_id = endpoint.id AND held.state = 'waiting' AND held.is_held AND held.due_at > now()
    ) AS held
    CROSS JOIN LATERAL (
        SELECT delivery.id, delivery.due_at
        FROM sync_webhookdelivery AS delivery
        WHERE delivery.endpoint_id = endpoint.id AND delivery.state = 'waiting' AND delivery.due_at <= now()
            AND NOT EXISTS (
                SELECT FROM sync_webhookdelivery AS earlier
                WHERE earlier.endpoint_id = delivery.endpoint_id AND earlier.account_id = delivery.account_id
                    AND earlier.id < delivery.id AND earlier.state = 'waiting'
            )
        ORDER BY delivery.due_at, delivery.id
        LIMIT greatest(0, CASE WHEN endpoint.failing_since IS NULL THEN %(each)s ELSE 1 END - held.count)
    ) AS ready
    WHERE endpoint.state = 'active' AND (endpoint.retry_at IS NULL OR endpoint.retry_at <= now())
    ORDER BY ready.due_at, ready.id
    LIMIT %(limit)s
)
UPDATE sync_webhookdelivery AS delivery
SET is_held = true, tries = delivery.tries + 1, due_at = now() + make_interval(secs => %(lease)s),
    began_at = coalesce(delivery.began_at, now())
FROM taken, sync_webhookendpoint AS endpoint
WHERE delivery.id = taken.id AND endpoint.id = delivery.endpoint_id
RETURNING delivery.id, delivery.tries, delivery.endpoint_id, delivery.event_id, delivery.body, endpoint.url,
    endpoint.secret, CASE WHEN endpoint.old_secret_until > now() THEN endpoint.old_secret ELSE '' END
