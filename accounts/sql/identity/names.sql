-- Names as they are compared: without case, accents, punctuation and the legal form at the end.
INSERT INTO accounts_accountname AS held (account_id, key)
SELECT plain.id, coalesce(nullif(regexp_replace(
    plain.name,
    '( (and|und|et|co|kg|kgaa|gmbh|g m b h|mbh|ag|se|ug|ohg|ek|e k|gbr|ev|inc|incorporated|corp|corporation|company'
    || '|llc|l l c|llp|lp|ltd|limited|plc|pty|pte|pvt|private|sa|s a|sas|s a s|sarl|s a r l|srl|s r l|spa|s p a|snc'
    || '|sl|s l|slu|lda|ltda|bv|b v|nv|n v|vof|ab|oy|oyj|as|a s|asa|aps|kft|zrt|doo|d o o|sro|s r o|spol|zoo'
    || '|sp z o o|sp|ooo|oao|zao|kk|k k|bhd|sdn|tbk|pt))+$',
    '', ''
), ''), plain.name)
FROM (
    SELECT account.id, btrim(regexp_replace(
        regexp_replace(lower(normalize(account.name, NFKD)), '[\u0300-\u036f''’.]', '', 'g'),
        '[^[:alnum:]]+', ' ', 'g'
    )) AS name
    FROM accounts_account AS account
    WHERE account.id = ANY(%s)
) AS plain
ORDER BY plain.id
ON CONFLICT (account_id) DO UPDATE SET key = excluded.key WHERE held.key <> excluded.key
