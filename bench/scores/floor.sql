-- Two point models as one would write them by hand: the one in force, and one with other points and a shorter
-- half-life. Every touch is read once; returned is how many accounts go from which ten points to which.
SELECT least(9, floor(before / 10))::integer, least(9, floor(after / 10))::integer, count(*)
FROM (
    SELECT account.id, round(least(100, coalesce(sum(part.before), 0)), 2) AS before,
        round(least(100, coalesce(sum(part.after), 0)), 2) AS after
    FROM accounts_account AS account
    LEFT JOIN (
        SELECT account_id, least(most, round((points * weight)::numeric, 4)) AS before,
            least(most, round((points * 2 * faster)::numeric, 4)) AS after
        FROM (
            SELECT touch.account_id, rule.points, rule.most,
                sum(power(0.5::float8, ({day}::date - (touch.occurred_at AT TIME ZONE 'UTC')::date) / 30::float8)) AS weight,
                sum(power(0.5::float8, ({day}::date - (touch.occurred_at AT TIME ZONE 'UTC')::date) / 20::float8)) AS faster
            FROM engagement_engagement AS touch
            JOIN (VALUES
                ('meeting', NULL, 20, 60), ('event', NULL, 15, 30), ('call', 'inbound', 10, 30), ('email', 'inbound', 8, 30),
                ('call', 'outbound', 3, 10), ('email', 'outbound', 1, 5)
            ) AS rule (kind, direction, points, most)
                ON rule.kind = touch.kind AND (rule.direction IS NULL OR rule.direction = touch.direction)
            WHERE touch.deleted_at IS NULL
            GROUP BY touch.account_id, rule.kind, rule.direction, rule.points, rule.most
        ) AS weighed
    ) AS part ON part.account_id = account.id
    WHERE account.deleted_at IS NULL
    GROUP BY account.id
) AS scored
GROUP BY 1, 2
ORDER BY 1, 2
