SELECT
    md5(coalesce(string_agg(
        concat_ws(' ', account_id, outcome, coalesce(from_tier_id, 0), to_tier_id, until), ';' ORDER BY account_id
    ), '')),
    count(*) FILTER (WHERE outcome IN ('now', 'first'))
FROM tiers_publicationverdict
WHERE run_id = {run} AND outcome <> 'stays'
