-- Of each field of the objects: the pinned value, else the claim that counts most. An empty claim never beats
-- a value; then the order of the sources decides, and among sources without one the newest word. Nothing can be
-- its own parent, so a reference to the object itself doesn't count.
WITH own_order AS (
    SELECT DISTINCT field FROM sync_fieldprecedence WHERE resource = %(resource)s AND field <> ''
),
pinned AS (
    SELECT pin.object_id, pin.field, pin.value, NULL::bigint AS claim_id, pin.id AS pin_id, NULL::bigint AS link_id
    FROM sync_pin AS pin
    WHERE pin.resource = %(resource)s
        AND pin.object_id = ANY(%(objects)s)
        AND pin.ended_at IS NULL
        AND (pin.expires_at IS NULL OR pin.expires_at > now())
        AND NOT (pin.field = ANY(%(own)s) AND pin.value = to_jsonb(pin.object_id))
),
claimed AS (
    SELECT DISTINCT ON (claim.object_id, claim.field)
        claim.object_id, claim.field, claim.value, claim.id AS claim_id, NULL::bigint AS pin_id,
        claim.link_id
    FROM sync_fieldclaim AS claim
    JOIN sync_link AS link ON link.id = claim.link_id
    LEFT JOIN own_order ON own_order.field = claim.field
    LEFT JOIN sync_fieldprecedence AS precedence
        ON precedence.resource = claim.resource
        AND precedence.field = coalesce(own_order.field, '')
        AND precedence.source_id = claim.source_id
    WHERE claim.resource = %(resource)s
        AND claim.object_id = ANY(%(objects)s)
        AND (link.deleted_at IS NULL OR link.id = ANY(%(restored)s))
        AND NOT (claim.field = ANY(%(own)s) AND claim.value = to_jsonb(claim.object_id))
    ORDER BY
        claim.object_id,
        claim.field,
        claim.is_empty,
        precedence.rank NULLS LAST,
        -- The record's time, not the value's: which states came in between must not matter.
        coalesce(link.source_updated_at, claim.received_at) DESC,
        link.id DESC
)
SELECT * FROM pinned
UNION ALL
SELECT claimed.* FROM claimed
WHERE NOT EXISTS (
    SELECT FROM pinned WHERE pinned.object_id = claimed.object_id AND pinned.field = claimed.field
)
