SELECT position.account_id, position.start_arr AS value
FROM ({positions}) AS position
WHERE position.start_arr > 0
