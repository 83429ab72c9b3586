-- ARR and paying accounts of each cohort at the end of each window.
SELECT held.cohort, held.end_day, sum(held.end_arr) AS arr, count(*) FILTER (WHERE held.end_arr > 0) AS accounts
FROM ({rows}) AS held
GROUP BY held.cohort, held.end_day
ORDER BY held.cohort, held.end_day
