DROP TABLE IF EXISTS tiers_judged, tiers_unsettled, tiers_outlook
