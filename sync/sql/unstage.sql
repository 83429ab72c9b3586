DROP TABLE sync_stage
