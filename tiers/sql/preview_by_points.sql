SELECT told_account_id, told_settled_id, told_points, told_held_id FROM tiers_judged
