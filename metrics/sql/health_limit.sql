SELECT matched.id AS account_id, {position}::integer AS position, {kind}::text AS kind, {label}::text AS label, {points}::numeric AS points
FROM ({matched}) AS matched
