-- Behind the last day for notice a term that follows by itself is settled: the next say is that before the end of it.
SELECT running.account_id,
    greatest(0, min(
        CASE
            WHEN running.renews_for IS NULL OR running.notice_on IS NULL THEN running.next_end
            WHEN running.notice_on >= {day} THEN running.notice_on
            ELSE (running.next_end + make_interval(months => running.renews_for))::date
                - (running.next_end - running.notice_on)
        END
    ) - {day}::date) AS value
FROM ({running}) AS running
GROUP BY running.account_id
