-- The newest answer of each respondent of an account; who gives neither address nor contact is somebody else each time.
SELECT DISTINCT ON (given.account_id, given.who) given.account_id, given.score
FROM (
    SELECT answer.account_id, answer.score, answer.scored_at, answer.id,
        coalesce(
            nullif(answer.respondent_email, ''),
            nullif(lower(contact.email), ''),
            'contact ' || answer.respondent_id,
            'answer ' || answer.id
        ) AS who
    FROM ({answers}) AS answer
    JOIN accounts_account AS account ON account.id = answer.account_id AND account.deleted_at IS NULL
    LEFT JOIN accounts_contact AS contact ON contact.id = answer.respondent_id
) AS given
ORDER BY given.account_id, given.who, given.scored_at DESC, given.id DESC
