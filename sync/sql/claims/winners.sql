-- Of each field of the objects: the pinned value, else what was decided here (it goes once another source has said the
-- same), else the claim that counts most. An empty claim never beats a value; then the order of the sources decides, and among sources without one the newest word. Nothing can be
-- its own parent, so a reference to the object itself doesn't count. Of a list the source that counts may have
-- several records, each with a part of it: they are joined in the order in which the records came to be known.
WITH own_order AS (
    SELECT DISTINCT field FROM sync_fieldprecedence WHERE resource = %(resource)s AND field <> ''
),
pinned AS (
    SELECT pin.object_id, pin.field, pin.value, NULL::bigint AS claim_id, pin.id AS pin_id,
        NULL::bigint[] AS links
    FROM sync_pin AS pin
    WHERE pin.resource = %(resource)s
        AND pin.object_id = ANY(%(objects)s)
        AND pin.ended_at IS NULL
        AND (pin.expires_at IS NULL OR pin.expires_at > now())
        AND NOT (pin.field = ANY(%(own)s) AND pin.value = to_jsonb(pin.object_id))
),
said AS (
    SELECT
        claim.id, claim.object_id, claim.field, claim.value, claim.is_empty, claim.source_id, claim.link_id,
        precedence.rank,
        claim.source_id = (SELECT id FROM sync_source WHERE slug = %(own_source)s) AS is_own,
        -- The record's time, not the value's: which states came in between must not matter.
        coalesce(link.source_updated_at, claim.received_at) AS said_at
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
),
claimed AS (
    SELECT DISTINCT ON (object_id, field) *
    FROM said
    ORDER BY object_id, field, is_own DESC NULLS LAST, is_empty, rank NULLS LAST, said_at DESC, link_id DESC
),
parts AS (
    SELECT object_id, field, source_id, link_id, value,
        count(*) OVER (PARTITION BY object_id, field, source_id) AS records
    FROM said
    WHERE field = ANY(%(lists)s) AND NOT is_empty
),
items AS (
    SELECT DISTINCT ON (parts.object_id, parts.field, parts.source_id, item.value)
        parts.object_id, parts.field, parts.source_id, parts.link_id, item.value, item.place
    FROM parts
    CROSS JOIN LATERAL jsonb_array_elements(parts.value) WITH ORDINALITY AS item (value, place)
    WHERE parts.records > 1
    ORDER BY parts.object_id, parts.field, parts.source_id, item.value, parts.link_id, item.place
),
joined AS (
    SELECT items.object_id, items.field, items.source_id,
        jsonb_agg(items.value ORDER BY items.link_id, items.place) AS value,
        (
            SELECT array_agg(parts.link_id)
            FROM parts
            WHERE parts.object_id = items.object_id
                AND parts.field = items.field
                AND parts.source_id = items.source_id
        ) AS links
    FROM items
    GROUP BY items.object_id, items.field, items.source_id
)
SELECT object_id, field, value, claim_id, pin_id, links FROM pinned
UNION ALL
SELECT claimed.object_id, claimed.field, coalesce(joined.value, claimed.value), claimed.id, NULL,
    coalesce(joined.links, ARRAY[claimed.link_id])
FROM claimed
LEFT JOIN joined
    ON joined.object_id = claimed.object_id
    AND joined.field = claimed.field
    AND joined.source_id = claimed.source_id
WHERE NOT EXISTS (
    SELECT FROM pinned WHERE pinned.object_id = claimed.object_id AND pinned.field = claimed.field
)
