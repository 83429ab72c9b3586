CREATE TEMPORARY TABLE tiers_judged ON COMMIT DROP AS
SELECT judged.*, judged.told_near_place IS NOT NULL AS told_is_near
FROM ({judged} OFFSET '0') AS judged
