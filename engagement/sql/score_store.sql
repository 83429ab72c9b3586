INSERT INTO engagement_accountscore (as_of, kind, account_id, model_id, score, parts)
SELECT
    {as_of}, {kind}, account.id, {model},
    least(100, greatest(0, coalesce(sum(round(part.points, 4)), 0))),
    coalesce(
        jsonb_agg(
            jsonb_build_object(
                'rule', part.rule, 'points', trim_scale(round(part.points, 4)), 'count', part.count
            ) ORDER BY part.rule
        ) FILTER (WHERE part.rule IS NOT NULL),
        '[]'
    )
FROM accounts_account AS account
LEFT JOIN ({parts}) AS part ON part.account_id = account.id
WHERE account.id BETWEEN {first} AND {last} AND account.deleted_at IS NULL
GROUP BY account.id
