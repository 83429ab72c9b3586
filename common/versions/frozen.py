"""Triggers for versions: what was published never changes again, which the database itself sees to."""

from __future__ import annotations

from collections.abc import Sequence

import pgtrigger

# Columns of every version: the first wait unchanged from the moment it is scheduled, the others are kept once it is
# published. ``based_on`` may lose a draft that is thrown away.
WRITTEN = ("version", "note", "author_id")
PUBLICATION = ("published_at", "published_by_id")

# check_violation, so that Django raises IntegrityError as it does for constraints.
_CODE = "USING ERRCODE = 'check_violation'"


def frozen_after_draft(noun: str, *, content: Sequence[str], is_dated: bool = False) -> pgtrigger.Trigger:
    """Return the trigger of a table of versions: only drafts change or go, and states follow one another.

    draft → (scheduled →) published → retired, and scheduled → draft. ``content`` are the table's own columns that stay
    as they were; ``is_dated`` for a ``DatedVersion``, whose first day stays too.
    """
    written = (*WRITTEN, *content)
    kept = (*written, *PUBLICATION, *(("starts_on",) if is_dated else ()))
    refuse = f"RAISE EXCEPTION 'Version % of the {noun} is % and is kept as it is.', OLD.version, OLD.state {_CODE};"
    return pgtrigger.Trigger(
        name="frozen_after_draft",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            IF OLD.state = 'draft' THEN
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                IF NEW.state = 'retired' THEN {refuse} END IF;
                RETURN NEW;
            END IF;
            IF TG_OP = 'DELETE' THEN {refuse} END IF;
            IF OLD.state = 'scheduled' THEN
                IF NEW.state = 'retired' OR (NEW.state <> 'draft' AND {_changed(written)}) THEN {refuse} END IF;
                RETURN NEW;
            END IF;
            IF NEW.state NOT IN (OLD.state, 'retired') OR {_changed(kept)} THEN {refuse} END IF;
            RETURN NEW;
        """,
    )


def frozen_with_version(noun: str, *, table: str, column: str) -> pgtrigger.Trigger:
    """Return the trigger of rows that belong to a version (``column`` of ``table``): they change with a draft only.

    The version is locked for share, so that nothing slips in while it is being published.
    """
    return pgtrigger.Trigger(
        name="frozen_with_version",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("held", "record"), ("wanted", "bigint[]")],
        # Names of our own tables, from code alone.
        func=f"""
            wanted := CASE TG_OP
                WHEN 'INSERT' THEN ARRAY[NEW.{column}]
                WHEN 'DELETE' THEN ARRAY[OLD.{column}]
                ELSE ARRAY[OLD.{column}, NEW.{column}]
            END;
            FOR held IN SELECT version, state FROM {table} WHERE id = ANY (wanted) ORDER BY id FOR SHARE
            LOOP
                IF held.state <> 'draft' THEN
                    RAISE EXCEPTION 'Version % of the {noun} is % and is kept as it is.', held.version, held.state
                        {_CODE};
                END IF;
            END LOOP;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
        """,  # noqa: S608
    )


def _changed(columns: Sequence[str]) -> str:
    old, new = (", ".join(f"{side}.{column}" for column in columns) for side in ("OLD", "NEW"))
    return f"(({old}) IS DISTINCT FROM ({new}))"
