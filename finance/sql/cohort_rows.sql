-- ARR of each account of a cohort at the end of each window since: cohorts are who first had revenue at the end of one.
-- Who had revenue before the first window belongs to none.
WITH stood AS (
    SELECT placed.account_id, placed.start_day, placed.end_day, placed.end_arr, placed.had_before, {member} AS member
    FROM ({placed}) AS placed
),
begun AS (
    SELECT stood.account_id, min(stood.end_day) FILTER (WHERE stood.end_arr > 0) AS cohort,
        (array_agg(stood.member ORDER BY stood.end_day) FILTER (WHERE stood.end_arr > 0))[1] AS member
    FROM stood
    GROUP BY stood.account_id
    HAVING NOT bool_or(stood.start_day = {first_start} AND stood.had_before)
)
SELECT begun.cohort, stood.end_day, stood.account_id, stood.end_arr
FROM stood
JOIN begun ON begun.account_id = stood.account_id AND stood.end_day >= begun.cohort
WHERE {wanted}::text IS NULL OR begun.member = {wanted}::text
