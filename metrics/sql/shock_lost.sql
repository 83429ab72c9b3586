-- The accounts that are taken to be lost: those of the largest holders, and those of the holders that were chosen.
WITH holding AS ({holdings}),
ranked AS (
    SELECT holding.holder_id, row_number() OVER (ORDER BY sum(holding.arr) DESC, holding.holder_id) AS place
    FROM holding
    GROUP BY holding.holder_id
)
SELECT holding.account_id, holding.holder_id, account.name, holder.name AS holder, tier.slug AS tier,
    tier.label AS tier_label, holding.arr, ranked.place,
    holding.account_id = ANY ({chosen}::bigint[]) OR holding.holder_id = ANY ({chosen}::bigint[]) AS is_chosen
FROM holding
JOIN ranked ON ranked.holder_id = holding.holder_id
JOIN accounts_account AS account ON account.id = holding.account_id
JOIN accounts_account AS holder ON holder.id = holding.holder_id
LEFT JOIN accounts_tiertenure AS tenure
    ON tenure.account_id = holding.account_id AND tenure.during @> {day}::date
LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
WHERE ranked.place <= {top}
    OR holding.holder_id = ANY ({chosen}::bigint[])
    OR holding.holder_id IN (SELECT inner_one.holder_id FROM holding AS inner_one
        WHERE inner_one.account_id = ANY ({chosen}::bigint[]))
ORDER BY holding.arr DESC, holding.account_id
