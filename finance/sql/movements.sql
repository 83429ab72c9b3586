-- What became of each account's ARR between two days. What rates alone did stands apart; of the others exactly one
-- is not zero, or none: end = start + fx + new + expansion + reactivation - contraction - churn.
SELECT position.*,
    base_arr - start_arr AS fx_arr,
    CASE WHEN base_arr = 0 AND NOT had_before THEN end_arr ELSE 0 END AS new_arr,
    CASE WHEN base_arr > 0 THEN greatest(end_arr - base_arr, 0) ELSE 0 END AS expansion_arr,
    CASE WHEN base_arr = 0 AND had_before THEN end_arr ELSE 0 END AS reactivation_arr,
    CASE WHEN end_arr > 0 THEN greatest(base_arr - end_arr, 0) ELSE 0 END AS contraction_arr,
    CASE WHEN end_arr = 0 THEN base_arr ELSE 0 END AS churn_arr
FROM ({positions}) AS position
