-- A tenure that began today would be left empty, so it is dropped instead of closed.
WITH ended AS (
    SELECT tenure.id, tenure.during
    FROM sync_touched AS touched
    JOIN accounts_account AS account ON account.id = touched.object_id
    JOIN accounts_tiertenure AS tenure ON tenure.account_id = account.id
    WHERE touched.kind <> 'created' AND upper_inf(tenure.during)
      AND tenure.tier_id IS DISTINCT FROM account.tier_id
), dropped AS (
    DELETE FROM accounts_tiertenure
    WHERE id IN (SELECT id FROM ended WHERE lower(during) >= current_date)
)
UPDATE accounts_tiertenure AS tenure
SET during = daterange(lower(tenure.during), current_date)
FROM ended
WHERE tenure.id = ended.id AND coalesce(lower(ended.during) < current_date, true)
