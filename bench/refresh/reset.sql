-- Back to what the seed left: whatever a benchmark added lies behind :newest.
DELETE FROM product_usageevent WHERE occurred_at >= (:newest::date + 1)::timestamp AT TIME ZONE 'UTC';
DELETE FROM product_usageuserday WHERE day > :newest;
DELETE FROM product_usagefeatureday WHERE day > :newest;
TRUNCATE product_usagedaytorecompute, metrics_refreshrun, metrics_refreshstep, metrics_metricvalue,
    metrics_segmentvalue, metrics_healthscore, accounts_standing, accounts_timelineevent, pods_signal
