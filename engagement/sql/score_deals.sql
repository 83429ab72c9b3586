-- The score that a point model gives on the day before each deal was opened.
SELECT deal.id, deal.is_won, least(100, greatest(0, coalesce(sum(part.points), 0))) AS score
FROM ({deals}) AS deal
LEFT JOIN ({parts}) AS part ON part.deal = deal.id
GROUP BY deal.id, deal.is_won
