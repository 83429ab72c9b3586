-- The rules of the benchmark as one would write them by hand: texts compared as conditions do, whatever their case, and
-- with the tier held for the thresholds to stay.
SELECT account.id AS account_id,
    CASE
        WHEN standing.arr >= 400000 AND (upper(account.industry) = 'INDUSTRY 0' OR account.employees >= 0 OR standing.health >= 30 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1) AND standing.arr >= 360000 AND (upper(account.industry) = 'INDUSTRY 0' OR account.employees >= 0 OR standing.health >= 30 OR account.country IN ('US', 'DE', 'FR'))) THEN 1
        WHEN standing.arr >= 380000 AND (account.employees >= 100 OR standing.health >= 31 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1) AND standing.arr >= 342000 AND (account.employees >= 90 OR standing.health >= 31 OR account.country IN ('US', 'DE', 'FR'))) THEN 1
        WHEN standing.arr >= 360000 AND (standing.health >= 32 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1) AND standing.arr >= 324000 AND (standing.health >= 32 OR account.country IN ('US', 'DE', 'FR'))) THEN 1
        WHEN standing.arr >= 340000 AND (upper(account.industry) = 'INDUSTRY 3' OR account.employees >= 300 OR standing.health >= 33 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1) AND standing.arr >= 306000 AND (upper(account.industry) = 'INDUSTRY 3' OR account.employees >= 270 OR standing.health >= 33 OR account.country IN ('US', 'DE', 'FR'))) THEN 1
        WHEN standing.arr >= 320000 AND (account.employees >= 400 OR standing.health >= 34 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1) AND standing.arr >= 288000 AND (account.employees >= 360 OR standing.health >= 34 OR account.country IN ('US', 'DE', 'FR'))) THEN 1
        WHEN standing.arr >= 300000 AND (standing.health >= 35 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1) AND standing.arr >= 270000 AND (standing.health >= 35 OR account.country IN ('US', 'DE', 'FR'))) THEN 1
        WHEN standing.arr >= 280000 AND (upper(account.industry) = 'INDUSTRY 6' OR account.employees >= 600 OR standing.health >= 36 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1, 2) AND standing.arr >= 252000 AND (upper(account.industry) = 'INDUSTRY 6' OR account.employees >= 540 OR standing.health >= 36 OR account.country IN ('US', 'DE', 'FR'))) THEN 2
        WHEN standing.arr >= 260000 AND (account.employees >= 700 OR standing.health >= 37 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1, 2) AND standing.arr >= 234000 AND (account.employees >= 630 OR standing.health >= 37 OR account.country IN ('US', 'DE', 'FR'))) THEN 2
        WHEN standing.arr >= 240000 AND (standing.health >= 38 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1, 2) AND standing.arr >= 216000 AND (standing.health >= 38 OR account.country IN ('US', 'DE', 'FR'))) THEN 2
        WHEN standing.arr >= 220000 AND (upper(account.industry) = 'INDUSTRY 9' OR account.employees >= 900 OR standing.health >= 39 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1, 2) AND standing.arr >= 198000 AND (upper(account.industry) = 'INDUSTRY 9' OR account.employees >= 810 OR standing.health >= 39 OR account.country IN ('US', 'DE', 'FR'))) THEN 2
        WHEN standing.arr >= 200000 AND (account.employees >= 1000 OR standing.health >= 40 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1, 2) AND standing.arr >= 180000 AND (account.employees >= 900 OR standing.health >= 40 OR account.country IN ('US', 'DE', 'FR'))) THEN 2
        WHEN standing.arr >= 180000 AND (standing.health >= 41 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1, 2) AND standing.arr >= 162000 AND (standing.health >= 41 OR account.country IN ('US', 'DE', 'FR'))) THEN 2
        WHEN standing.arr >= 160000 AND (upper(account.industry) = 'INDUSTRY 0' OR account.employees >= 1200 OR standing.health >= 42 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1, 2, 3) AND standing.arr >= 144000 AND (upper(account.industry) = 'INDUSTRY 0' OR account.employees >= 1080 OR standing.health >= 42 OR account.country IN ('US', 'DE', 'FR'))) THEN 3
        WHEN standing.arr >= 140000 AND (account.employees >= 1300 OR standing.health >= 43 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1, 2, 3) AND standing.arr >= 126000 AND (account.employees >= 1170 OR standing.health >= 43 OR account.country IN ('US', 'DE', 'FR'))) THEN 3
        WHEN standing.arr >= 120000 AND (standing.health >= 44 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1, 2, 3) AND standing.arr >= 108000 AND (standing.health >= 44 OR account.country IN ('US', 'DE', 'FR'))) THEN 3
        WHEN standing.arr >= 100000 AND (upper(account.industry) = 'INDUSTRY 3' OR account.employees >= 1500 OR standing.health >= 45 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1, 2, 3) AND standing.arr >= 90000 AND (upper(account.industry) = 'INDUSTRY 3' OR account.employees >= 1350 OR standing.health >= 45 OR account.country IN ('US', 'DE', 'FR'))) THEN 3
        WHEN standing.arr >= 80000 AND (account.employees >= 1600 OR standing.health >= 46 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1, 2, 3) AND standing.arr >= 72000 AND (account.employees >= 1440 OR standing.health >= 46 OR account.country IN ('US', 'DE', 'FR'))) THEN 3
        WHEN standing.arr >= 60000 AND (standing.health >= 47 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1, 2, 3) AND standing.arr >= 54000 AND (standing.health >= 47 OR account.country IN ('US', 'DE', 'FR'))) THEN 3
        WHEN standing.arr >= 40000 AND (upper(account.industry) = 'INDUSTRY 6' OR account.employees >= 1800 OR standing.health >= 48 OR account.country IN ('US', 'DE', 'FR'))
            OR (held.tier_id IN (1, 2, 3) AND standing.arr >= 36000 AND (upper(account.industry) = 'INDUSTRY 6' OR account.employees >= 1620 OR standing.health >= 48 OR account.country IN ('US', 'DE', 'FR'))) THEN 3
        ELSE 4
    END AS tier_id
FROM accounts_account AS account
LEFT JOIN accounts_standing AS standing ON standing.account_id = account.id
LEFT JOIN accounts_tiertenure AS held ON held.account_id = account.id AND held.during @> {day}::date
WHERE account.deleted_at IS NULL
