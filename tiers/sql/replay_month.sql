-- What the numbers of one day bring about from {on} until before {next}: moves, and waits that go on.
WITH weighed AS (
    SELECT
        state.account_id, state.held_id, state.held_rank, wanted.id AS wanted_id, wanted.rank AS wanted_rank,
        sign(state.held_rank - wanted.rank)::smallint AS direction,
        CASE
            WHEN state.waits_for = sign(state.held_rank - wanted.rank) THEN state.since
            ELSE {on}::date
        END AS since,
        state.began_on, state.came_down
    FROM tiers_replay AS state
    JOIN ({verdicts}) AS verdict ON verdict.account_id = state.account_id
    JOIN accounts_tier AS wanted ON wanted.id = verdict.tier_id
    WHERE (wanted.id <> state.held_id OR state.since IS NOT NULL)
        AND NOT EXISTS (
            SELECT FROM tiers_tieroverride AS override
            WHERE override.account_id = state.account_id
                AND override.starts_on <= {on} AND coalesce(override.ended_on, override.ends_on) > {on}
        )
),
decided AS (
    SELECT
        weighed.*,
        CASE
            WHEN wanted_id = held_id THEN NULL
            WHEN direction < 0 THEN greatest(since + {grace}::integer, began_on + {dwell}::integer, {on}::date)
            WHEN came_down THEN greatest(began_on + {dwell}::integer, {on}::date)
            ELSE {on}::date
        END AS moves_on
    FROM weighed
),
moved AS (
    INSERT INTO tiers_previewreplay (run_id, account_id, moved_on, direction, from_tier_id, to_tier_id)
    SELECT {run}, account_id, moves_on, direction, held_id, wanted_id
    FROM decided
    WHERE moves_on < {next}
)
UPDATE tiers_replay AS state
SET held_id = CASE WHEN moves_on < {next} THEN wanted_id ELSE state.held_id END,
    held_rank = CASE WHEN moves_on < {next} THEN wanted_rank ELSE state.held_rank END,
    began_on = CASE WHEN moves_on < {next} THEN moves_on ELSE state.began_on END,
    came_down = CASE WHEN moves_on < {next} THEN decided.direction < 0 ELSE state.came_down END,
    since = CASE WHEN moves_on >= {next} THEN decided.since END,
    waits_for = CASE WHEN moves_on >= {next} THEN decided.direction END
FROM decided
WHERE decided.account_id = state.account_id
