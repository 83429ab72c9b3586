-- The live accounts that texts name, by way: 0 our number of a merged one, 1 our number or a source's id, 2 web domain, 3 name.
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS one (text, number, domain)
)
SELECT given.text, 0, merge.loser_id
FROM given
JOIN accounts_accountmerge AS merge ON merge.loser_id = given.number AND merge.unmerged_at IS NULL
UNION
SELECT given.text, 1, account.id
FROM given
JOIN accounts_account AS account ON account.id = given.number AND account.deleted_at IS NULL
UNION
SELECT given.text, 1, account.id
FROM given
JOIN sync_link AS link ON link.external_id = given.text AND link.resource = 'accounts'
JOIN accounts_account AS account ON account.id = link.object_id AND account.deleted_at IS NULL
UNION
SELECT given.text, 2, account.id
FROM given
JOIN accounts_account AS account ON account.domain = given.domain AND account.deleted_at IS NULL
UNION
SELECT given.text, 3, account.id
FROM given
JOIN accounts_account AS account ON upper(account.name) = upper(given.text) AND account.deleted_at IS NULL
