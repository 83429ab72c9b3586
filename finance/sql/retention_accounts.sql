-- The accounts behind one bar of one segment, the largest first, with how many there are and what they add up to.
-- Sums are of all of them, not only of the page.
SELECT placed.account_id, account.name, placed.start_arr AS start, placed.fx_arr AS fx, placed.new_arr AS new,
    placed.expansion_arr AS expansion, placed.reactivation_arr AS reactivation,
    placed.contraction_arr AS contraction, placed.churn_arr AS churn, placed.end_arr AS "end", {amount} AS amount,
    count(*) OVER whole AS found, sum({amount}) OVER whole AS whole,
    sum(placed.start_arr) OVER whole AS all_start, sum(placed.fx_arr) OVER whole AS all_fx,
    sum(placed.new_arr) OVER whole AS all_new, sum(placed.expansion_arr) OVER whole AS all_expansion,
    sum(placed.reactivation_arr) OVER whole AS all_reactivation,
    sum(placed.contraction_arr) OVER whole AS all_contraction, sum(placed.churn_arr) OVER whole AS all_churn,
    sum(placed.end_arr) OVER whole AS all_end
FROM ({placed}) AS placed
JOIN accounts_account AS account ON account.id = placed.account_id
WHERE ({wanted}::text IS NULL OR {member} = {wanted}::text) AND {amount} <> 0
WINDOW whole AS ()
ORDER BY abs({amount}) DESC, placed.account_id
LIMIT {limit}::bigint OFFSET {offset}::bigint
