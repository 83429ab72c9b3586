SELECT position.account_id, position.end_arr / position.start_arr - 1 AS value
FROM ({positions}) AS position
WHERE position.start_arr > 0 AND position.end_arr > 0
