SELECT {model}::bigint AS model_id, account_id, exact, band, "limit", points
FROM ({scored}) AS scored
