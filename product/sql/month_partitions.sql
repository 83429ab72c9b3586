SELECT part.relname
FROM pg_inherits AS link
JOIN pg_class AS part ON part.oid = link.inhrelid
WHERE link.inhparent = 'product_usageevent'::regclass
ORDER BY part.relname
