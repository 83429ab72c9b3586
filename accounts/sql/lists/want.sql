INSERT INTO list_wanted (account_id) {select} ON CONFLICT DO NOTHING
