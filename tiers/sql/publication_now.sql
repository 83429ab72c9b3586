SELECT * FROM tiers_publicationverdict WHERE run_id = {run} AND outcome <> 'stays'
