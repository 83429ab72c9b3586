-- Numbers at the ends of the last thirteen months, each a little different from the month before.
INSERT INTO metrics_refreshrun (as_of, cause, state)
SELECT (date_trunc('month', now()) - make_interval(months => n))::date - 1, 'bench', 'done'
FROM generate_series(0, 12) AS n;
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT 'finance.arr', run.as_of, standing.account_id,
    standing.arr * (1 + ((standing.account_id * 37 + run.id * 101) % 40 - 20) / 200.0)
FROM accounts_standing AS standing, metrics_refreshrun AS run;
INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT 'metrics.health_score', run.as_of, standing.account_id, standing.health
FROM accounts_standing AS standing, metrics_refreshrun AS run
