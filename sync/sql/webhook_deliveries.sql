-- Deliveries in the order given, so that their ids rise in it; one that is there already stays as it is.
INSERT INTO sync_webhookdelivery
    (endpoint_id, event_id, kind, account_id, body, happened_at, state, response_body)
SELECT given.endpoint_id, given.event_id, given.kind, given.account_id, given.body, given.happened_at, 'waiting', ''
FROM unnest(
    %(endpoints)s::bigint[], %(events)s::text[], %(kinds)s::text[], %(accounts)s::bigint[], %(bodies)s::text[],
    %(times)s::timestamptz[]
) WITH ORDINALITY AS given (endpoint_id, event_id, kind, account_id, body, happened_at, place)
ORDER BY given.place
ON CONFLICT (endpoint_id, event_id) DO NOTHING
