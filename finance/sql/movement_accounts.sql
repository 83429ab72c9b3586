SELECT date_trunc('month', placed.end_day)::date AS month, placed.start_day, placed.end_day, {member} AS member,
    placed.account_id, placed.start_arr AS start, placed.fx_arr AS fx, placed.new_arr AS new,
    placed.expansion_arr AS expansion, placed.reactivation_arr AS reactivation,
    placed.contraction_arr AS contraction, placed.churn_arr AS churn, placed.end_arr AS "end",
    CASE WHEN placed.start_arr > 0 THEN placed.end_arr ELSE 0 END AS kept,
    least(placed.start_arr, placed.end_arr) AS least,
    (placed.start_arr > 0)::integer AS accounts, (placed.start_arr > 0 AND placed.end_arr = 0)::integer AS lost
FROM ({placed}) AS placed
WHERE {member} = {wanted}
ORDER BY placed.end_day, placed.end_arr - placed.start_arr, placed.account_id
