SELECT DISTINCT kind FROM sync_touched
