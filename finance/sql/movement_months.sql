SELECT placed.month, {member} AS member,
    sum(start_arr) AS start, sum(new_arr) AS new, sum(expansion_arr) AS expansion,
    sum(reactivation_arr) AS reactivation, sum(contraction_arr) AS contraction, sum(churn_arr) AS churn,
    sum(end_arr) AS "end", count(*) FILTER (WHERE start_arr > 0) AS accounts
FROM ({placed}) AS placed
GROUP BY 1, 2
ORDER BY 1, 2
