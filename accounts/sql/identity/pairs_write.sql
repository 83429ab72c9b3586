INSERT INTO accounts_duplicatepair AS held (low_id, high_id, score, evidence, found_at, reason)
SELECT low, high, score, evidence, now(), '' FROM identity_pair ORDER BY low, high
ON CONFLICT (low_id, high_id) DO UPDATE
SET score = excluded.score, evidence = excluded.evidence
WHERE held.dismissed_at IS NULL AND (held.score, held.evidence) IS DISTINCT FROM (excluded.score, excluded.evidence)
