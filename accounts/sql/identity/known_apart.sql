-- Also what was said of an account that has been merged into one of the two since.
WITH RECURSIVE step AS (
    SELECT old_id, new_id FROM sync_redirect WHERE resource = 'accounts' AND ended_at IS NULL
    UNION
    SELECT step.old_id, further.new_id
    FROM step
    JOIN sync_redirect AS further
        ON further.old_id = step.new_id AND further.resource = 'accounts' AND further.ended_at IS NULL
),
apart AS (
    SELECT coalesce(one.new_id, pair.low_id) AS one, coalesce(two.new_id, pair.high_id) AS two
    FROM accounts_duplicatepair AS pair
    LEFT JOIN step AS one ON one.old_id = pair.low_id
    LEFT JOIN step AS two ON two.old_id = pair.high_id
    WHERE pair.dismissed_at IS NOT NULL
)
DELETE FROM identity_pair AS pair
USING apart
WHERE pair.low = least(apart.one, apart.two) AND pair.high = greatest(apart.one, apart.two)
