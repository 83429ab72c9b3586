-- An account with several tickets in a cell counts its ARR there once, and once in each sum.
WITH due AS (
    SELECT
        {group} AS group_id,
        ticket.account_id,
        coalesce(standing.arr, 0) AS arr,
        place.order_at <= {now} AS is_over,
        date_trunc('hour', place.order_at, 'UTC') AS hour
    FROM support_queueplace AS place
    JOIN support_ticket AS ticket ON ticket.id = place.ticket_id
    JOIN accounts_account AS account ON account.id = ticket.account_id AND account.deleted_at IS NULL
    LEFT JOIN accounts_standing AS standing ON standing.account_id = account.id
    WHERE place.order_at < {until}
),
sorted AS (
    SELECT group_id, 'over' AS kind, NULL::timestamptz AS hour, account_id, arr FROM due WHERE is_over
    UNION ALL
    SELECT group_id, 'hour', hour, account_id, arr FROM due WHERE NOT is_over
    UNION ALL
    SELECT group_id, 'whole', NULL, account_id, arr FROM due WHERE NOT is_over
),
each_account AS (
    SELECT group_id, kind, hour, account_id, count(*) AS tickets, max(arr) AS arr
    FROM sorted
    GROUP BY group_id, kind, hour, account_id
),
-- No team has the key 0: it stands for all of them.
together AS (
    SELECT 0 AS group_id, kind, hour, account_id, sum(tickets) AS tickets, max(arr) AS arr
    FROM each_account
    GROUP BY kind, hour, account_id
)
SELECT group_id, hour, kind, sum(tickets)::bigint, sum(arr)
FROM (SELECT * FROM each_account UNION ALL SELECT * FROM together) AS every
GROUP BY group_id, hour, kind
