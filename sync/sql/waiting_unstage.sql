DROP TABLE sync_waiting
