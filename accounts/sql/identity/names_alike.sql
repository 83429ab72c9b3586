-- Names alike by trigrams, the nearest few of each account. Names that differ in a number name different things.
SELECT DISTINCT least(mine.account_id, near.account_id), greatest(mine.account_id, near.account_id), near.alike
FROM unnest(%(probes)s::bigint[]) AS probe (id)
JOIN accounts_accountname AS mine ON mine.account_id = probe.id
CROSS JOIN LATERAL (
    SELECT other.account_id, similarity(other.key, mine.key) AS alike
    FROM accounts_accountname AS other
    JOIN accounts_account AS account ON account.id = other.account_id AND account.deleted_at IS NULL
    WHERE other.key %% mine.key AND other.account_id <> mine.account_id
        AND regexp_replace(other.key, '[^0-9]+', ' ', 'g') = regexp_replace(mine.key, '[^0-9]+', ' ', 'g')
    ORDER BY 2 DESC, abs(other.account_id - mine.account_id)
    LIMIT %(neighbours)s
) AS near
