-- What the version would have done each month, beside what really happened.
SELECT
    months.first::date AS month,
    coalesce(replayed.up, 0) AS up, coalesce(replayed.down, 0) AS down,
    coalesce(happened.up, 0) AS really_up, coalesce(happened.down, 0) AS really_down
FROM generate_series({first}::date, {last}::date, interval '1 month') AS months (first)
LEFT JOIN (
    SELECT date_trunc('month', moved_on) AS month,
        count(*) FILTER (WHERE direction > 0) AS up, count(*) FILTER (WHERE direction < 0) AS down
    FROM tiers_previewreplay
    WHERE run_id = {run}
    GROUP BY 1
) AS replayed ON replayed.month = months.first
LEFT JOIN (
    SELECT date_trunc('month', lower(tenure.during)::timestamp) AS month,
        count(*) FILTER (WHERE tier.rank < was.rank) AS up, count(*) FILTER (WHERE tier.rank > was.rank) AS down
    FROM accounts_tiertenure AS tenure
    JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
    JOIN accounts_tiertenure AS before
        ON before.account_id = tenure.account_id AND upper(before.during) = lower(tenure.during)
    JOIN accounts_tier AS was ON was.id = before.tier_id
    JOIN accounts_account AS account ON account.id = tenure.account_id AND account.deleted_at IS NULL
    WHERE lower(tenure.during) BETWEEN {first} AND {until}
    GROUP BY 1
) AS happened ON happened.month = months.first
ORDER BY 1
