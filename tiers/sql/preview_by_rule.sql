SELECT told_account_id, told_settled_id, told_place FROM tiers_judged
