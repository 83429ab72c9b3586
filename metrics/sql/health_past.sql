INSERT INTO metrics_healthdraftscore (model_id, as_of, account_id, exact, band, "limit", points)
SELECT {model}, {as_of}, account_id, exact, band, "limit", points
FROM ({scored}) AS scored
