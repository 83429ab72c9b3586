-- How long tickets waited, added up, and how many they are.
SELECT waited.account_id, sum(waited.waited) AS numerator, count(*) AS denominator
FROM ({waited}) AS waited
GROUP BY waited.account_id
