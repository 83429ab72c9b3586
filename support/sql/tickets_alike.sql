-- Of an account's newest tickets those that have words in common with the subject of another one, the most first. Words
-- are compared by their stems, without the small ones that every sentence has.
WITH asked AS (
    SELECT DISTINCT ON (stem) stem, lower(word.token) AS word
    FROM ts_debug('english', {subject}) AS word
    CROSS JOIN LATERAL unnest(word.lexemes) AS stem
    ORDER BY stem, word.token
),
near AS (
    SELECT ticket.id, ticket.opened_at, tsvector_to_array(to_tsvector('english', ticket.subject)) AS stems
    FROM support_ticket AS ticket
    WHERE ticket.account_id = {account} AND ticket.id <> {ticket} AND ticket.deleted_at IS NULL
    ORDER BY ticket.opened_at DESC
    LIMIT {newest}
)
SELECT near.id, array_agg(asked.word ORDER BY asked.word)
FROM near
JOIN asked ON asked.stem = ANY(near.stems)
GROUP BY near.id, near.opened_at
HAVING count(*) >= {least}
ORDER BY count(*) DESC, near.opened_at DESC, near.id DESC
LIMIT {most}
