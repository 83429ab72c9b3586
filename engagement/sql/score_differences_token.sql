SELECT count(*), md5(coalesce(string_agg(concat_ws(' ', account_id, now), ';' ORDER BY account_id), ''))
FROM engagement_scoredifference
WHERE run_id = {run}
