-- What the same work costs by two sets of rates: the accounts whose cost changes most, each row with the whole.
SELECT each.account_id, each.was, each.becomes,
    sum(each.was) OVER () AS all_was, sum(each.becomes) OVER () AS all_becomes,
    sum(each.unrated_was) OVER () AS unrated_was, sum(each.unrated_becomes) OVER () AS unrated_becomes,
    count(*) FILTER (WHERE each.was IS DISTINCT FROM each.becomes) OVER () AS changed
FROM (
    SELECT side.account_id, sum(side.cost) FILTER (WHERE side.is_new IS FALSE) AS was,
        sum(side.cost) FILTER (WHERE side.is_new) AS becomes,
        coalesce(sum(side.minutes) FILTER (WHERE side.is_new IS FALSE AND side.cost IS NULL), 0) AS unrated_was,
        coalesce(sum(side.minutes) FILTER (WHERE side.is_new AND side.cost IS NULL), 0) AS unrated_becomes
    FROM (
        SELECT false AS is_new, held.* FROM ({before}) AS held
        UNION ALL
        SELECT true, wanted.* FROM ({after}) AS wanted
    ) AS side
    WHERE EXISTS (
        SELECT FROM accounts_account AS account WHERE account.id = side.account_id AND account.deleted_at IS NULL
    )
    GROUP BY side.account_id
) AS each
ORDER BY abs(coalesce(each.becomes, 0) - coalesce(each.was, 0)) DESC, each.account_id
LIMIT {most}
