SELECT stored.account_id, (stored.value - {less}::numeric) * {times}::numeric AS value
FROM ({source}) AS stored
