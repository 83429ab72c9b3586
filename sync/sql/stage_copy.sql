COPY sync_stage (
    sync_ord, sync_external_id, sync_time, sync_link, id, sync_kind, sync_present, sync_digest, sync_shared, {columns}
) FROM STDIN
