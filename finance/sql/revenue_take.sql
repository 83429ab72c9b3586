-- Taking the marks waits for intakes that are just setting one; the statement that follows then sees their lines.
WITH held AS (
    SELECT mark.account_id
    FROM finance_revenuetorecompute AS mark
    WHERE mark.account_id BETWEEN {first} AND {last}
    ORDER BY mark.account_id
    FOR UPDATE
),
taken AS (
    DELETE FROM finance_revenuetorecompute AS mark
    USING held
    WHERE mark.account_id = held.account_id
    RETURNING mark.account_id
)
INSERT INTO finance_revenue_taken (account_id)
SELECT taken.account_id FROM taken
