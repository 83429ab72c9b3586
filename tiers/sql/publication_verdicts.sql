SELECT account_id, tier_id, rule_id, score
FROM tiers_publicationverdict
WHERE run_id = {run} AND account_id BETWEEN {first} AND {last}
