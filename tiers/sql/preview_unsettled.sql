CREATE TEMPORARY TABLE tiers_unsettled ON COMMIT DROP AS {verdicts}
