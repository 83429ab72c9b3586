-- ARR of each line of an account on two days, in its own currency and in the reporting one. A line that began and ended
-- between them has none on either, and is told too: its ARR, summed over time, is above zero.
SELECT own.line_id, line.product, line.contract_id, contract.number AS contract_number, own.currency,
    own.start_arr AS start_own, own.end_arr AS end_own,
    round(own.start_arr * rate.start_rate, 2) AS start, round(own.start_arr * rate.end_rate, 2) AS base,
    round(own.end_arr * rate.end_rate, 2) AS "end"
FROM (
    SELECT entry.line_id, entry.currency,
        coalesce(round(sum(entry.arr) FILTER (WHERE entry."on" <= {start_day}), 2), 0) AS start_arr,
        round(sum(entry.arr), 2) AS end_arr,
        coalesce(sum(entry.arr * ({end_day}::date + 1 - entry."on")) FILTER (WHERE entry."on" > {start_day}), 0)
            <> 0 AS is_between
    FROM finance_revenueentry AS entry
    WHERE entry.account_id = {account} AND entry."on" <= {end_day} AND {known}
    GROUP BY entry.line_id, entry.currency
) AS own
JOIN finance_contractline AS line ON line.id = own.line_id
JOIN finance_contract AS contract ON contract.id = line.contract_id
LEFT JOIN ({rates}) AS rate ON rate.currency = own.currency
WHERE own.start_arr <> 0 OR own.end_arr <> 0 OR own.is_between
ORDER BY own.end_arr - own.start_arr, own.line_id
