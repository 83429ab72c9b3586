DROP TABLE IF EXISTS tiers_judged, tiers_verdict, tiers_outlook
