-- Counted, so that few are looked up one by one: what a step assumes of its slices holds for many.
CREATE TEMPORARY TABLE tiers_unsettled ON COMMIT DROP AS {verdicts};
ANALYZE tiers_unsettled
