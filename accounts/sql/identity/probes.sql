-- The accounts to look at: all, or those that changed or whose contacts did since a time.
SELECT account.id
FROM accounts_account AS account
WHERE account.deleted_at IS NULL AND (
    %(since)s::timestamptz IS NULL
    OR account.id IN (
        SELECT change.object_id FROM sync_change AS change
        WHERE change.resource = 'accounts' AND change.changed_at >= %(since)s
    )
    OR account.id IN (
        SELECT contact.account_id
        FROM sync_change AS change
        JOIN accounts_contact AS contact ON contact.id = change.object_id
        WHERE change.resource = 'contacts' AND change.changed_at >= %(since)s
    )
)
ORDER BY account.id
