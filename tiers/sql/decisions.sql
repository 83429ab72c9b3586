-- What follows for each account on the day {on} from what the rules, or the CRM, say of it.
-- action: move (to wanted_id, also into a first tier), close (into no tier), wait, keep.
WITH verdict AS MATERIALIZED ({verdicts}),
newest AS (
    SELECT DISTINCT ON (tenure.account_id)
        tenure.account_id, tenure.id, tenure.tier_id, tier.rank, tenure.during, tenure.cause,
        lower(tenure.during) AS began_on, upper_inf(tenure.during) AS is_open
    FROM ({tenures}) AS tenure
    JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
    JOIN verdict ON verdict.account_id = tenure.account_id
    ORDER BY tenure.account_id, tenure.during DESC
),
override AS (
    SELECT override.id, override.account_id, override.tier_id, override.author_id, override.reason
    FROM tiers_tieroverride AS override
    WHERE override.account_id BETWEEN {first} AND {last}
        AND override.starts_on <= {on} AND coalesce(override.ended_on, override.ends_on) > {on}
),
judged AS (
    SELECT
        verdict.account_id,
        newest.id AS tenure_id,
        CASE WHEN newest.is_open THEN newest.tier_id END AS held_id,
        CASE WHEN newest.is_open THEN newest.rank END AS held_rank,
        newest.cause AS held_cause,
        newest.began_on,
        earlier.id AS earlier_id,
        earlier.tier_id AS earlier_tier_id,
        coalesce(earlier.cause <> 'override' AND was.rank < newest.rank, false) AS came_down,
        override.id AS override_id,
        CASE WHEN override.id IS NULL THEN {cause} ELSE 'override' END AS cause,
        CASE
            WHEN override.id IS NOT NULL THEN override.author_id
            WHEN pending.decision = 'approved' AND pending.to_tier_id = wanted.id THEN pending.decided_by_id
        END AS by_id,
        override.reason AS override_reason,
        CASE WHEN override.id IS NULL THEN verdict.rule_id END AS rule_id,
        CASE WHEN override.id IS NULL THEN verdict.score END AS score,
        wanted.id AS wanted_id,
        wanted.rank AS wanted_rank,
        -- A wait goes on while the rules ask the account out of the same tier in the same direction.
        CASE
            WHEN pending.from_tier_id = newest.tier_id AND (waiting.rank > newest.rank) = (wanted.rank > newest.rank)
                THEN pending.since
        END AS waits_since,
        CASE
            WHEN pending.from_tier_id = newest.tier_id AND pending.to_tier_id = wanted.id THEN pending.decision
            ELSE ''
        END AS decision
    FROM verdict
    LEFT JOIN newest ON newest.account_id = verdict.account_id
    LEFT JOIN ({tenures}) AS earlier
        ON earlier.account_id = newest.account_id AND upper(earlier.during) = newest.began_on
    LEFT JOIN accounts_tier AS was ON was.id = earlier.tier_id
    LEFT JOIN override ON override.account_id = verdict.account_id
    LEFT JOIN accounts_tier AS wanted ON wanted.id = coalesce(override.tier_id, verdict.tier_id)
    LEFT JOIN ({pending}) AS pending ON pending.account_id = verdict.account_id
    LEFT JOIN accounts_tier AS waiting ON waiting.id = pending.to_tier_id
    WHERE verdict.account_id BETWEEN {first} AND {last}
        -- Nothing is decided over what begins or ends later.
        AND (newest.began_on IS NULL OR newest.began_on <= {on})
        AND (newest.id IS NULL OR newest.is_open OR upper(newest.during) <= {on})
),
weighed AS (
    SELECT
        judged.*,
        coalesce(waits_since, {on}) AS since,
        held_cause = 'override' AND override_id IS NULL AS is_released,
        -- Nobody waits for the CRM, for an override or its end, nor to correct a move of the same day.
        NOT {waits} OR override_id IS NOT NULL OR held_cause = 'override'
            OR began_on IS NOT DISTINCT FROM {on} AS is_free,
        CASE
            WHEN wanted_rank > held_rank
                THEN greatest(coalesce(waits_since, {on}) + {grace}::integer, began_on + {dwell}::integer)
            WHEN came_down THEN began_on + {dwell}::integer
        END AS free_on,
        CASE
            WHEN wanted_rank > held_rank AND coalesce(
                coalesce(waits_since, {on}) + {grace}::integer >= began_on + {dwell}::integer, true
            ) THEN 'grace'
            ELSE 'dwell'
        END AS first_why
    FROM judged
)
SELECT
    account_id, tenure_id, held_id, held_rank, began_on, wanted_id, wanted_rank, rule_id, score,
    override_id, by_id, override_reason, cause, earlier_id, decision, since,
    greatest(free_on, since) AS until,
    CASE
        WHEN free_on > {on} THEN first_why
        WHEN decision = 'refused' THEN 'refused'
        ELSE 'approval'
    END AS why,
    CASE
        WHEN wanted_id IS NULL THEN
            CASE WHEN held_id IS NULL OR began_on IS NOT DISTINCT FROM {on} THEN 'keep' ELSE 'close' END
        WHEN held_id IS NULL OR is_released THEN 'move'
        WHEN wanted_id = held_id THEN 'keep'
        WHEN is_free THEN 'move'
        WHEN free_on > {on} THEN 'wait'
        WHEN {needs_approval} AND wanted_rank > held_rank AND decision <> 'approved' THEN 'wait'
        ELSE 'move'
    END AS action,
    -- A move of the day that is taken back leaves no trace: the tenure before it goes on.
    coalesce(held_id IS NOT NULL AND began_on = {on} AND earlier_tier_id = wanted_id, false) AS is_reverted
FROM weighed
