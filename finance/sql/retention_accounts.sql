-- The accounts behind one bar of one segment, the largest first, with how many there are and what they add up to.
SELECT placed.account_id, account.name, placed.start_arr AS start, placed.fx_arr AS fx, placed.new_arr AS new,
    placed.expansion_arr AS expansion, placed.reactivation_arr AS reactivation,
    placed.contraction_arr AS contraction, placed.churn_arr AS churn, placed.end_arr AS "end", {amount} AS amount,
    count(*) OVER () AS found, sum({amount}) OVER () AS whole
FROM ({placed}) AS placed
JOIN accounts_account AS account ON account.id = placed.account_id
WHERE ({wanted}::text IS NULL OR {member} = {wanted}::text) AND {amount} <> 0
ORDER BY abs({amount}) DESC, placed.account_id
LIMIT {limit}::bigint OFFSET {offset}::bigint
