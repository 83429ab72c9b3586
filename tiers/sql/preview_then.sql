SELECT * FROM tiers_previewrow WHERE run_id = {run} AND outcome <> 'stays'
