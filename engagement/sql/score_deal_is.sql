-- The points that one rule gave an account for what it was before the month in which a deal was opened.
SELECT deal.id AS deal, {points}::numeric AS points
FROM ({deals}) AS deal
INNER JOIN ({matched}) AS matched ON matched.id = deal.account_id
WHERE deal.opened_on BETWEEN {first} AND {last}
