DROP TABLE sync_touched
