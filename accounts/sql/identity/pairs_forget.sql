-- What no longer holds of the accounts that were looked at.
DELETE FROM accounts_duplicatepair AS held
WHERE held.dismissed_at IS NULL
    AND (held.low_id IN (SELECT id FROM identity_probe) OR held.high_id IN (SELECT id FROM identity_probe))
    AND NOT EXISTS (SELECT FROM identity_pair AS pair WHERE pair.low = held.low_id AND pair.high = held.high_id)
