-- What no longer holds of the accounts that were looked at.
DELETE FROM accounts_duplicatepair AS held
WHERE held.dismissed_at IS NULL
    AND EXISTS (SELECT FROM identity_probe AS probe WHERE probe.id IN (held.low_id, held.high_id))
    AND NOT EXISTS (SELECT FROM identity_pair AS pair WHERE pair.low = held.low_id AND pair.high = held.high_id)
