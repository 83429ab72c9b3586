-- Whoever came before there were rules has been in its first tier for as long as we know.
INSERT INTO accounts_tiertenure (
    account_id, tier_id, during, cause, reason, rule_set_id, rule_id, override_id, by_id
)
SELECT decided.account_id, decided.wanted_id,
    daterange(
        CASE WHEN decided.tenure_id IS NOT NULL OR decided.cause = 'override' OR account.created_at >= {ruled_since}
            THEN {on}::date END,
        NULL
    ),
    decided.cause, decided.reason, decided.rule_set_id, decided.rule_id, decided.override_id, decided.by_id
FROM tiers_decision AS decided
JOIN accounts_account AS account ON account.id = decided.account_id
WHERE decided.action = 'move' AND NOT decided.is_reverted AND NOT decided.is_corrected
