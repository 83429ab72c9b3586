-- The accounts behind a number of a segment: what each brings, and by how much the number would differ without it.
WITH part AS MATERIALIZED (
    SELECT * FROM ({placed}) AS placed
    WHERE {dimension} = 'all'
        OR ({dimension} = 'tier' AND placed.tier = {member})
        OR ({dimension} = 'industry' AND placed.industry = {member})
        OR ({dimension} = 'country' AND placed.country = {member})
),
total AS (
    SELECT sum(numerator) AS numerator, sum(denominator) AS denominator, count(*) AS accounts,
        count(*) FILTER (WHERE denominator < {fewest}) AS hidden
    FROM part
),
measured AS (
    SELECT part.account_id, account.name, part.tier, part.numerator, part.denominator,
        part.numerator::numeric / nullif(part.denominator, 0) AS value,
        total.numerator::numeric / nullif(total.denominator, 0)
            - (total.numerator - part.numerator)::numeric / nullif(total.denominator - part.denominator, 0) AS effect,
        total.accounts, total.hidden,
        total.numerator AS whole_numerator, total.denominator AS whole_denominator
    FROM part
    CROSS JOIN total
    JOIN accounts_account AS account ON account.id = part.account_id
    WHERE part.denominator >= {fewest}
)
SELECT * FROM measured ORDER BY measured.effect * {sign} NULLS LAST, measured.account_id LIMIT {limit} OFFSET {offset}
