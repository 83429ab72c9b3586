-- What accounts that had revenue at the start bring to a ratio of retention, with the segments they were in then.
SELECT placed.account_id, {numerator} AS numerator, placed.start_arr AS denominator,
    placed.tier, placed.industry, placed.country
FROM ({placed}) AS placed
WHERE placed.start_arr > 0
