-- Pairs with all that speaks for and against them. Divisions of one company are offered only on strong evidence.
CREATE TEMP TABLE identity_pair ON COMMIT DROP AS
SELECT scored.low, scored.high, scored.evidence, least(100, greatest(0, scored.points))::integer AS score
FROM (
    SELECT found.low, found.high,
        bool_or(found.signal = 'linked') AS is_linked,
        sum(found.points) AS points,
        jsonb_agg(
            jsonb_build_object('signal', found.signal, 'points', found.points, 'text', found.text)
            ORDER BY found.points DESC, found.signal
        ) AS evidence
    FROM (
        SELECT low, high, signal, points, "text" FROM identity_signal
        UNION ALL
        SELECT pair.low, pair.high, counter.signal, counter.points, counter.text
        FROM (SELECT DISTINCT low, high FROM identity_signal) AS pair
        JOIN accounts_account AS one ON one.id = pair.low
        JOIN accounts_account AS two ON two.id = pair.high
        CROSS JOIN LATERAL (
            SELECT 'country' AS signal, 5 AS points, 'Both are in the same country.' AS "text"
            WHERE one.country = two.country AND one.country <> ''
            UNION ALL
            SELECT 'country', -10, format('One is in %%s, the other in %%s.', one.country, two.country)
            WHERE one.country <> two.country AND one.country <> '' AND two.country <> ''
            UNION ALL
            SELECT 'domains_differ', -10, format('Their web domains differ: %%s and %%s.', one.domain, two.domain)
            WHERE one.domain <> two.domain AND one.domain <> '' AND two.domain <> ''
            UNION ALL
            SELECT 'linked', 0, 'They are linked as parts of one company.'
            WHERE one.id IN (two.parent_id, two.billing_parent_id) OR two.id IN (one.parent_id, one.billing_parent_id)
                OR one.parent_id = two.parent_id OR one.billing_parent_id = two.billing_parent_id
        ) AS counter
    ) AS found
    GROUP BY found.low, found.high
) AS scored
WHERE scored.points >= CASE WHEN scored.is_linked THEN %(strong)s ELSE %(offered)s END
