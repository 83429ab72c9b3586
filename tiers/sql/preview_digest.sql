SELECT md5(coalesce(string_agg(
    concat_ws(' ', account_id, outcome, coalesce(from_tier_id, 0), to_tier_id, until), ';' ORDER BY account_id
), ''))
FROM tiers_outlook
WHERE outcome <> 'stays'
