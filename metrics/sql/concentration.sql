-- Shares of the largest and the sum of squared shares, of all holders of revenue and within each tier, industry and country.
-- The largest fifth is rounded down, but is one at least. Without revenue nothing is defined.
WITH held AS (
    SELECT holding.holder_id, sum(holding.arr) AS arr
    FROM ({holdings}) AS holding
    GROUP BY holding.holder_id
),
ranked AS (
    SELECT segment.dimension, segment.member, held.arr,
        row_number() OVER (
            PARTITION BY segment.dimension, segment.member ORDER BY held.arr DESC, held.holder_id
        ) AS place,
        count(*) OVER (PARTITION BY segment.dimension, segment.member) AS holders
    FROM held
    JOIN accounts_account AS account ON account.id = held.holder_id
    LEFT JOIN accounts_tiertenure AS tenure
        ON tenure.account_id = held.holder_id AND tenure.during @> {day}::date
    LEFT JOIN accounts_tier AS tier ON tier.id = tenure.tier_id
    CROSS JOIN LATERAL (
        VALUES
            ('all', ''),
            ('tier', coalesce(tier.slug, 'none')),
            ('industry', coalesce(nullif(account.industry, ''), 'none')),
            ('country', coalesce(nullif(account.country, ''), 'none'))
    ) AS segment (dimension, member)
),
measured AS (
    SELECT segment.dimension, segment.member, count(ranked.arr)::integer AS holders, sum(ranked.arr) AS whole,
        sum(ranked.arr) FILTER (WHERE ranked.place <= 1) AS top_1,
        sum(ranked.arr) FILTER (WHERE ranked.place <= 5) AS top_5,
        sum(ranked.arr) FILTER (WHERE ranked.place <= 10) AS top_10,
        sum(ranked.arr) FILTER (WHERE ranked.place <= greatest(ranked.holders / 5, 1)) AS top_fifth,
        sum(ranked.arr * ranked.arr) AS squares
    FROM (SELECT dimension, member FROM ranked UNION SELECT 'all', '') AS segment
    LEFT JOIN ranked ON ranked.dimension = segment.dimension AND ranked.member = segment.member
    GROUP BY segment.dimension, segment.member
)
SELECT {prefix}::text || number.name AS key, measured.dimension, measured.member, number.value, number.numerator,
    number.denominator, measured.holders AS accounts
FROM measured
CROSS JOIN LATERAL (
    VALUES
        ('top_1', measured.top_1 / measured.whole, measured.top_1, measured.whole),
        ('top_5', measured.top_5 / measured.whole, measured.top_5, measured.whole),
        ('top_10', measured.top_10 / measured.whole, measured.top_10, measured.whole),
        ('top_fifth', measured.top_fifth / measured.whole, measured.top_fifth, measured.whole),
        ('hhi', 10000 * measured.squares / (measured.whole * measured.whole), NULL, NULL)
) AS number (name, value, numerator, denominator)
