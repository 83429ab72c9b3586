SELECT sync_ord, CASE {cases} END AS rule
FROM sync_stage
WHERE {any_broken}
