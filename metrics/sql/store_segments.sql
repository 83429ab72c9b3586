INSERT INTO metrics_segmentvalue (key, as_of, dimension, member, value, numerator, denominator, accounts)
SELECT source.key, {as_of}, source.dimension, source.member, source.value,
    source.numerator, source.denominator, source.accounts
FROM ({source}) AS source
