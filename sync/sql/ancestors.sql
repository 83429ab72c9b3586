WITH RECURSIVE ancestor AS (
    SELECT id, {parent} FROM {target} WHERE id = ANY(%s)
    UNION
    SELECT above.id, above.{parent} FROM {target} AS above JOIN ancestor ON above.id = ancestor.{parent}
)
SELECT id, {parent} FROM ancestor
