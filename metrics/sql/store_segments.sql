-- A number too large to be stored is stored as the largest; null stays null.
INSERT INTO metrics_segmentvalue (key, as_of, dimension, member, value, numerator, denominator, accounts)
SELECT source.key, {as_of}, source.dimension, source.member,
    CASE WHEN abs(source.value) < 1e18 THEN source.value ELSE sign(source.value) * 999999999999999999 END,
    CASE WHEN abs(source.numerator) < 1e18 THEN source.numerator
        ELSE sign(source.numerator) * 999999999999999999 END,
    CASE WHEN abs(source.denominator) < 1e18 THEN source.denominator
        ELSE sign(source.denominator) * 999999999999999999 END,
    source.accounts
FROM ({source}) AS source
