SELECT part.account_id, part.numerator::numeric / part.denominator AS value FROM ({parts}) AS part
