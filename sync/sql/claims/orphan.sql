UPDATE sync_stage SET {parent} = NULL WHERE sync_shared AND id = ANY(%s)
