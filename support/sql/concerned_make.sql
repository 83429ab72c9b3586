CREATE TEMP TABLE support_concerned (ticket_id bigint) ON COMMIT DROP
