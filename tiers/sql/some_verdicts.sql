SELECT verdict.* FROM ({verdicts}) AS verdict WHERE verdict.account_id = ANY ({ids})
