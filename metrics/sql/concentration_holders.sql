-- The largest holders of revenue, and as many places of the whole ranking as a curve needs.
WITH held AS (
    SELECT holding.holder_id, sum(holding.arr) AS arr, count(*) AS members
    FROM ({holdings}) AS holding
    GROUP BY holding.holder_id
),
ranked AS (
    SELECT held.*,
        row_number() OVER largest_first AS place,
        sum(held.arr) OVER (largest_first ROWS UNBOUNDED PRECEDING) AS cumulated,
        sum(held.arr) OVER () AS whole,
        count(*) OVER () AS holders
    FROM held
    WINDOW largest_first AS (ORDER BY held.arr DESC, held.holder_id)
)
SELECT ranked.place, ranked.holder_id, account.name, tier.slug AS tier, tier.label AS tier_label, ranked.members,
    ranked.arr, ranked.cumulated, ranked.whole, ranked.holders
FROM ranked
JOIN accounts_account AS account ON account.id = ranked.holder_id
LEFT JOIN accounts_tiertenure AS tenure
    ON tenure.account_id = ranked.holder_id AND tenure.during @> {day}::date
LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
WHERE ranked.place <= {most} OR ranked.place = ranked.holders
    OR ranked.place %% greatest(ranked.holders / {points}, 1) = 0
ORDER BY ranked.place
