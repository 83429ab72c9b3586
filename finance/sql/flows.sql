-- Movements of months added up over longer periods, account by account. Whoever is left out of some months for want of
-- a rate doesn't add up, and is left out.
SELECT summed.*
FROM (
    SELECT month.account_id, period.start_day, period.end_day,
        coalesce(sum(month.start_arr) FILTER (WHERE month.start_day = period.start_day), 0) AS start_arr,
        coalesce(sum(month.base_arr) FILTER (WHERE month.start_day = period.start_day), 0) AS base_arr,
        coalesce(sum(month.end_arr) FILTER (WHERE month.end_day = period.end_day), 0) AS end_arr,
        bool_or(month.had_before) FILTER (WHERE month.start_day = period.start_day) IS TRUE AS had_before,
        sum(month.fx_arr) AS fx_arr, sum(month.new_arr) AS new_arr, sum(month.expansion_arr) AS expansion_arr,
        sum(month.reactivation_arr) AS reactivation_arr, sum(month.contraction_arr) AS contraction_arr,
        sum(month.churn_arr) AS churn_arr
    FROM ({months}) AS month
    JOIN unnest({starts}::date[], {ends}::date[]) AS period (start_day, end_day)
        ON month.start_day >= period.start_day AND month.end_day <= period.end_day
    GROUP BY month.account_id, period.start_day, period.end_day
) AS summed
WHERE start_arr + fx_arr + new_arr + expansion_arr + reactivation_arr - contraction_arr - churn_arr = end_arr
