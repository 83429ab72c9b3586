CREATE TEMP TABLE identity_signal (
    low bigint NOT NULL, high bigint NOT NULL, signal text NOT NULL, points integer NOT NULL, "text" text NOT NULL
) ON COMMIT DROP
