INSERT INTO accounts_standing AS held (account_id, {columns}, as_of, updated_at)
SELECT account.id, {values}, {as_of}, now()
FROM accounts_account AS account
LEFT JOIN (
    SELECT value.account_id, {pivot}
    FROM metrics_metricvalue AS value
    WHERE value.as_of = {as_of} AND value.key = ANY({keys}) AND value.account_id BETWEEN {first} AND {last}
    GROUP BY value.account_id
) AS figure ON figure.account_id = account.id
LEFT JOIN metrics_healthscore AS health ON health.account_id = account.id AND health.as_of = {as_of}
WHERE account.id BETWEEN {first} AND {last}
ON CONFLICT (account_id) DO UPDATE
SET ({updated}, as_of, updated_at) = ({incoming}, excluded.as_of, excluded.updated_at)
WHERE ({current}, held.as_of) IS DISTINCT FROM ({incoming}, excluded.as_of)
