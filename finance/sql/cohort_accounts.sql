-- The accounts of one cohort with their ARR when it began and on a later day, the largest first.
SELECT held.account_id, account.name,
    sum(held.end_arr) FILTER (WHERE held.end_day = {cohort}) AS begun,
    coalesce(sum(held.end_arr) FILTER (WHERE held.end_day = {day}), 0) AS held
FROM ({rows}) AS held
JOIN accounts_account AS account ON account.id = held.account_id
WHERE held.cohort = {cohort}
GROUP BY held.account_id, account.name
ORDER BY begun DESC, held.account_id
