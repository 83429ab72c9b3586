SELECT account.id AS account_id, account.name, held.before, held.after, held.change
FROM (
    SELECT account_id, before.value AS before, after.value AS after,
        coalesce(after.value, 0) - coalesce(before.value, 0) AS change
    FROM (SELECT account_id, value FROM metrics_metricvalue WHERE key = {key} AND as_of = {before}) AS before
    FULL JOIN (SELECT account_id, value FROM metrics_metricvalue WHERE key = {key} AND as_of = {after}) AS after
        USING (account_id)
    WHERE before.value IS DISTINCT FROM after.value
) AS held
JOIN accounts_account AS account ON account.id = held.account_id AND account.deleted_at IS NULL
ORDER BY abs(held.change) DESC, account.id
LIMIT {count}
