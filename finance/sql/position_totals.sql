SELECT coalesce(sum(start_arr), 0), coalesce(sum(end_arr), 0) FROM ({positions}) AS position
