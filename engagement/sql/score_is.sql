-- The points that one rule gives for what an account is.
SELECT matched.id AS account_id, {position}::integer AS rule, {points}::numeric AS points, 1 AS count
FROM ({matched}) AS matched
WHERE matched.id BETWEEN {first} AND {last}
