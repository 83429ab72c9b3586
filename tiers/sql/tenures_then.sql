-- Tenures as they stood on {on}: those that ended later were open, those that began later were not there.
SELECT id, account_id, tier_id, cause,
    CASE WHEN coalesce(upper(during) <= {on}, false) THEN during ELSE daterange(lower(during), NULL) END AS during
FROM accounts_tiertenure
WHERE coalesce(lower(during) <= {on}, true)
