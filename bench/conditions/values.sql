INSERT INTO metrics_metricvalue (key, as_of, account_id, value)
SELECT %(key)s, %(day)s, id, round((random() * 1000)::numeric, 2) FROM accounts_account ORDER BY id
