-- The partial unique index decides between two that plan the same day at once.
INSERT INTO metrics_refreshrun (as_of, cause, state)
VALUES ({as_of}, {cause}, 'running')
ON CONFLICT (as_of) WHERE state = 'running' DO NOTHING
RETURNING id
