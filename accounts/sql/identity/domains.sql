CREATE TEMP TABLE identity_domain ON COMMIT DROP AS
SELECT account.id, account.domain,
    row_number() OVER (PARTITION BY account.domain ORDER BY account.name, account.id) AS place,
    count(*) OVER (PARTITION BY account.domain) AS total
FROM accounts_account AS account
WHERE account.domain <> '' AND account.deleted_at IS NULL
    AND NOT EXISTS (SELECT FROM accounts_shareddomain AS shared WHERE shared.domain = account.domain)
