-- What each entry of a list of references names, in the list's order.
coalesce(
    (SELECT json_agg({value} ORDER BY named.place) FROM unnest({values}) WITH ORDINALITY AS named (id, place)),
    '[]'
)
