-- The points that one rule gave an account before a deal was opened, for what had happened by the day before.
SELECT
    deal.id AS deal,
    sign({points}::numeric) * least(
        {at_most}::numeric,
        abs({points}::numeric)
        * sum(power(0.5::float8, (deal.opened_on - 1 - happened.on) / {half_life}::float8))::numeric
    ) AS points
FROM ({deals}) AS deal
INNER JOIN ({happened}) AS happened
    ON happened.account_id = deal.account_id
    AND happened.on BETWEEN deal.opened_on - 1 - {reach}::integer AND deal.opened_on - 1
GROUP BY deal.id
