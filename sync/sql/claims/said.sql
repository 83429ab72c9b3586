SELECT
    %(resource)s,
    s.id,
    said.field,
    s.sync_link,
    %(source)s,
    said.value,
    -- What is decided here counts where it clears a field too.
    NOT %(is_own)s AND (said.value IS NULL OR said.value IN (said.cleared, '""', '[]', '{{}}')),
    s.sync_time,
    now(),
    %(batch)s
FROM sync_stage AS s
CROSS JOIN LATERAL (VALUES {fields}) AS said (field, bit, value, cleared)
WHERE s.sync_shared AND s.sync_present & said.bit <> 0
