CREATE TEMP TABLE identity_address ON COMMIT DROP AS
SELECT held.email, held.account_id
FROM (
    SELECT lower(contact.email) AS email, contact.account_id,
        min(contact.account_id) OVER same AS first, max(contact.account_id) OVER same AS last,
        count(*) OVER same AS times
    FROM accounts_contact AS contact
    JOIN accounts_account AS account ON account.id = contact.account_id AND account.deleted_at IS NULL
    WHERE contact.email <> '' AND contact.deleted_at IS NULL
    WINDOW same AS (PARTITION BY lower(contact.email))
) AS held
WHERE held.first < held.last AND held.times <= %(neighbours)s
GROUP BY held.email, held.account_id
