SELECT * FROM tiers_outlook WHERE outcome <> 'stays'
