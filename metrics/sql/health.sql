INSERT INTO metrics_healthscore (
    as_of, account_id, model_id, score, exact, band, coverage, confidence, "limit", values, points, stale
)
SELECT
    {as_of}, account_id, {model}, score, exact, band, coverage, confidence, "limit", figures, points, stale
FROM ({scored}) AS scored
