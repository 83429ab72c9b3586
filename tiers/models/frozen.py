"""What the database itself holds: a version that was published never changes again."""

from __future__ import annotations

import pgtrigger

# Of a version that is scheduled these wait unchanged, of one that was published they are kept for ever.
CONTENT = (
    "version",
    "kind",
    "note",
    "author_id",
    "minimum_dwell_days",
    "demotion_grace_days",
    "demotions_need_approval",
    "digest",
)
PUBLICATION = ("starts_on", "published_at", "published_by_id")


def _changed(columns: tuple[str, ...]) -> str:
    old = ", ".join(f"OLD.{column}" for column in columns)
    new = ", ".join(f"NEW.{column}" for column in columns)
    return f"(({old}) IS DISTINCT FROM ({new}))"


# check_violation, so that Django raises IntegrityError as it does for constraints.
_REFUSE = (
    "RAISE EXCEPTION 'Version % of the tier rules is % and is kept as it is.', OLD.version, OLD.state "
    "USING ERRCODE = 'check_violation';"
)


def frozen_once_published() -> pgtrigger.Trigger:
    """Return the trigger of rule sets: only drafts change or go, and states follow one another.

    draft → scheduled → published → retired, draft → published, scheduled → draft.
    """
    return pgtrigger.Trigger(
        name="frozen_once_published",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF OLD.state = 'draft' THEN
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                IF NEW.state = 'retired' THEN {_REFUSE} END IF;
                RETURN NEW;
            END IF;
            IF TG_OP = 'DELETE' THEN {_REFUSE} END IF;
            IF OLD.state = 'scheduled' THEN
                IF NEW.state = 'retired' OR (NEW.state <> 'draft' AND {_changed(CONTENT)}) THEN {_REFUSE} END IF;
                RETURN NEW;
            END IF;
            IF NEW.state NOT IN (OLD.state, 'retired') OR {_changed(CONTENT + PUBLICATION)} THEN {_REFUSE} END IF;
            RETURN NEW;
        """,
    )


def frozen_with_its_rule_set() -> pgtrigger.Trigger:
    """Return the trigger of rows that belong to a rule set (``rule_set_id``): they change with a draft only.

    The rule set is locked for share, so that nothing slips in while it is being published.
    """
    return pgtrigger.Trigger(
        name="frozen_with_its_rule_set",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("held", "record"), ("wanted", "bigint[]")],
        func="""
            wanted := CASE TG_OP
                WHEN 'INSERT' THEN ARRAY[NEW.rule_set_id]
                WHEN 'DELETE' THEN ARRAY[OLD.rule_set_id]
                ELSE ARRAY[OLD.rule_set_id, NEW.rule_set_id]
            END;
            FOR held IN
                SELECT version, state FROM tiers_ruleset WHERE id = ANY (wanted) ORDER BY id FOR SHARE
            LOOP
                IF held.state <> 'draft' THEN
                    RAISE EXCEPTION 'Version % of the tier rules is % and is kept as it is.', held.version, held.state
                        USING ERRCODE = 'check_violation';
                END IF;
            END LOOP;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        """,
    )
