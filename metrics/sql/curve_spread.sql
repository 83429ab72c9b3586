-- How many of the accounts scored on a day have a value between two cuts; of each number in one pass.
WITH wanted AS (
    SELECT * FROM jsonb_to_recordset({wanted}::jsonb) AS part (key text, cuts numeric[])
)
SELECT wanted.key, width_bucket(held.value, wanted.cuts) AS piece, count(*) AS accounts
FROM wanted
JOIN metrics_metricvalue AS held ON held.key = wanted.key AND held.as_of = {as_of}
JOIN metrics_healthscore AS score ON score.as_of = {as_of} AND score.account_id = held.account_id
GROUP BY wanted.key, piece
