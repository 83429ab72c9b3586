-- What became of each account's ARR between two days. Exactly one movement is not zero, or none:
-- end = start + new + expansion + reactivation - contraction - churn.
SELECT position.*,
    CASE WHEN start_arr = 0 AND first_on > {start_day} THEN end_arr ELSE 0 END AS new_arr,
    CASE WHEN start_arr > 0 THEN greatest(end_arr - start_arr, 0) ELSE 0 END AS expansion_arr,
    CASE WHEN start_arr = 0 AND first_on <= {start_day} THEN end_arr ELSE 0 END AS reactivation_arr,
    CASE WHEN end_arr > 0 THEN greatest(start_arr - end_arr, 0) ELSE 0 END AS contraction_arr,
    CASE WHEN end_arr = 0 THEN start_arr ELSE 0 END AS churn_arr
FROM ({positions}) AS position
