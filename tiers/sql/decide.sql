CREATE TEMPORARY TABLE tiers_decision ON COMMIT DROP AS
SELECT
    decided.account_id, decided.tenure_id, decided.held_id, decided.began_on, decided.wanted_id, decided.rule_id,
    decided.override_id, decided.cause, decided.earlier_id, decided.decision, decided.since, decided.until, decided.why,
    decided.action, decided.is_reverted, coalesce(decided.by_id, {by}::bigint) AS by_id,
    held.slug AS held_slug, held.label AS held_label, wanted.slug AS wanted_slug, wanted.label AS wanted_label,
    CASE WHEN decided.cause = 'rule' THEN {rule_set}::bigint END AS rule_set_id,
    decided.action = 'move' AND NOT decided.is_reverted AND decided.held_id IS NOT NULL
        AND decided.began_on IS NOT DISTINCT FROM {on} AS is_corrected,
    left(CASE decided.cause
        WHEN 'override' THEN format('override by %%s: %%s', author.name, decided.override_reason)
        WHEN 'import' THEN 'imported from the CRM'
        WHEN 'manual' THEN {reason}
        ELSE CASE
            WHEN rule.id IS NOT NULL THEN format('rule “%%s” of version %%s', rule.name, {version}::integer)
            ELSE format('%%s points by version %%s', trim_scale(decided.score), {version}::integer)
        END
    END, 512) AS reason
FROM ({decisions}) AS decided
LEFT JOIN accounts_tier AS held ON held.id = decided.held_id
LEFT JOIN accounts_tier AS wanted ON wanted.id = decided.wanted_id
LEFT JOIN tiers_tierrule AS rule ON rule.id = decided.rule_id
LEFT JOIN people_user AS author ON author.id = decided.by_id
