INSERT INTO sync_outboxevent (kind, account_id, data, guards, xid)
VALUES (%(kind)s, %(account)s, %(data)s::jsonb, %(guards)s::jsonb, pg_current_xact_id()::text::bigint)
