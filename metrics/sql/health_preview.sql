-- Keep what the accounts of a slice have by the versions in force, and what they would have with another in the place
-- of one of them: of all whom either of the two scores.
WITH affected AS MATERIALIZED (
    {affected}
),
held AS MATERIALIZED (
    {before}
),
wanted AS MATERIALIZED (
    {after}
)
INSERT INTO metrics_healthpreviewrow (
    run_id, account_id, tier_id, before_model_id, after_model_id, before, after, before_band, after_band, before_limit, after_limit,
    before_points, after_points
)
SELECT
    {run}, affected.account_id, tenure.tier_id, held.model_id, wanted.model_id, held.exact, wanted.exact,
    coalesce(held.band, ''), coalesce(wanted.band, ''), coalesce(held.limit, ''), coalesce(wanted.limit, ''),
    coalesce(held.points, ARRAY[]::numeric[]), coalesce(wanted.points, ARRAY[]::numeric[])
FROM affected
LEFT JOIN held ON held.account_id = affected.account_id
LEFT JOIN wanted ON wanted.account_id = affected.account_id
LEFT JOIN accounts_tiertenure AS tenure ON tenure.account_id = affected.account_id AND tenure.during @> {day}::date
