-- Whom a version scores on a day, of those who paid then: nobody else can be lost.
SELECT member.account_id
FROM ({members}) AS member
JOIN metrics_metricvalue AS revenue ON revenue.account_id = member.account_id
    AND revenue.key = {revenue} AND revenue.as_of = {as_of} AND revenue.value > 0
    AND revenue.account_id BETWEEN {first} AND {last}
