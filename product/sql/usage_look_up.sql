-- Statistics of the marks are fresh and the days few: each is looked up by its key.
SET LOCAL enable_nestloop = on
