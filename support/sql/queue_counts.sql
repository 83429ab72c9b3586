SELECT
    (SELECT count(*) FROM ({over} LIMIT {most}) AS held),
    (SELECT count(*) FROM ({soon} LIMIT {most}) AS held),
    (SELECT count(*) FROM ({later} LIMIT {most}) AS held),
    (SELECT count(*) FROM ({paused} LIMIT {most}) AS held),
    (SELECT count(*) FROM ({idle} LIMIT {most}) AS held)
