SELECT date_trunc('month', grouped.end_day)::date AS month, grouped.*
FROM (
    SELECT placed.start_day, placed.end_day, {member} AS member,
        sum(start_arr) AS start, sum(fx_arr) AS fx, sum(new_arr) AS new, sum(expansion_arr) AS expansion,
        sum(reactivation_arr) AS reactivation, sum(contraction_arr) AS contraction, sum(churn_arr) AS churn,
        sum(end_arr) AS "end",
        coalesce(sum(end_arr) FILTER (WHERE start_arr > 0), 0) AS kept,
        sum(least(start_arr, end_arr)) AS least,
        count(*) FILTER (WHERE start_arr > 0) AS accounts,
        count(*) FILTER (WHERE start_arr > 0 AND end_arr = 0) AS lost
    FROM ({placed}) AS placed
    GROUP BY 1, 2, 3
) AS grouped
ORDER BY grouped.end_day, grouped.member
