SELECT placed.month, {member} AS member, placed.account_id, placed.start_arr AS start, placed.new_arr AS new,
    placed.expansion_arr AS expansion, placed.reactivation_arr AS reactivation,
    placed.contraction_arr AS contraction, placed.churn_arr AS churn, placed.end_arr AS "end", 1 AS accounts
FROM ({placed}) AS placed
WHERE {member} = {wanted}
ORDER BY placed.month, placed.end_arr - placed.start_arr, placed.account_id
