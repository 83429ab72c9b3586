SELECT member.account_id
FROM ({members}) AS member
WHERE member.account_id IN (SELECT affected.account_id FROM affected)
