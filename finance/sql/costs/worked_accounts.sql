-- The accounts that somebody worked for, what cost most first.
SELECT every.* FROM ({accounts}) AS every
WHERE every.cost > 0 OR every.unrated > 0
ORDER BY every.cost DESC NULLS LAST, every.unrated DESC, every.account_id
LIMIT {most}
