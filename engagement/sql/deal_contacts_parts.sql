-- Contacts who take part in the open deals of each account, and those deals.
SELECT deal.account_id, sum(cardinality(deal.contacts)) AS numerator, count(*) AS denominator
FROM ({deals}) AS deal
GROUP BY deal.account_id
