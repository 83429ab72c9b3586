-- Rows of the winner that came after the merge, and whether they came from a source that knew only the loser.
SELECT t.id, coalesce({loser_only}, false) AS is_losers
FROM {table} AS t
WHERE t.{column} = {winner} AND t.id > {watermark}{also}
    AND NOT EXISTS (
        SELECT FROM accounts_mergedrow AS kept
        WHERE kept.merge_id = {merge} AND kept.model = {model} AND kept."column" = {named} AND {match}
    )
