CREATE TEMP TABLE support_clock_told (
    ticket_id bigint, metric text, cycle integer, state text, priority text, started_at timestamptz,
    due_at timestamptz, next_at timestamptz, breached_at timestamptz, ended_at timestamptz, minutes integer,
    tenure_id bigint, spent_seconds integer
) ON COMMIT DROP;
CREATE TEMP TABLE support_entry_told (
    ticket_id bigint, position integer, at timestamptz, metric text, cycle integer, kind text, cause text,
    cause_id bigint, due_at timestamptz, minutes integer, percent integer, priority text, tenure_id bigint
) ON COMMIT DROP
