-- Keep the accounts of a slice to which a point model gives something else now than a preview of it showed.
INSERT INTO engagement_scoredifference (run_id, account_id, previewed, now)
SELECT {run}, coalesce(shown.account_id, counted.account_id), coalesce(shown.after, 0), coalesce(counted.score, 0)
FROM (
    SELECT held.account_id, held.after
    FROM engagement_scorepreviewrow AS held
    JOIN accounts_account AS account ON account.id = held.account_id AND account.deleted_at IS NULL
    WHERE held.run_id = {preview} AND held.account_id BETWEEN {first} AND {last}
) AS shown
FULL JOIN (
    SELECT
        account.id AS account_id,
        round(least(100, greatest(0, coalesce(sum(round(part.points, 4)), 0))), 2) AS score
    FROM accounts_account AS account
    JOIN ({parts}) AS part ON part.account_id = account.id
    WHERE account.id BETWEEN {first} AND {last} AND account.deleted_at IS NULL
    GROUP BY account.id
) AS counted ON counted.account_id = shown.account_id
WHERE coalesce(shown.after, 0) <> coalesce(counted.score, 0)
