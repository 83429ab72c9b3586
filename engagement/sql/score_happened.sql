-- The points that one rule gives for what happened, each day counting half as much with every half-life that passed.
SELECT
    happened.account_id,
    {position}::integer AS rule,
    sign({points}::numeric) * least(
        {at_most}::numeric,
        abs({points}::numeric) * sum(power(0.5::float8, ({as_of}::date - happened.on) / {half_life}::float8))::numeric
    ) AS points,
    count(*)::integer AS count
FROM ({happened}) AS happened
WHERE happened.account_id BETWEEN {first} AND {last}
GROUP BY happened.account_id
