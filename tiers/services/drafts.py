"""Drafts of rule sets: begun from a version or from the default, saved whole, thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from common.versions.cycle import authored
from people.models import User
from tiers.assignment.apply import lock_tiers
from tiers.content import (
    Content,
    RuleSetError,
    decode_content,
    digest_of,
    problems_of,
    read_content,
    read_whole,
    write_content,
)
from tiers.defaults import default_content
from tiers.models import RuleSet, RuleSetRevision
from tiers.parts import rule_set_parts
from tiers.services.cycle import cycle
from tiers.services.errors import require_revops


@transaction.atomic
def create_draft(*, by: User, based_on: RuleSet | None = None, content: Content | None = None) -> RuleSet:
    """Begin a draft: of ``based_on``, else of the published version, else of the default rules.

    ``content`` replaces what it would begin with. Takes the lock of tiers, since versions are numbered in order.
    Raises RuleSetError.
    """
    require_revops(by, "Changing the tier rules")
    lock_tiers()
    base = based_on or RuleSet.objects.published().first()
    held = read_content(base) if base else None
    wanted = content or held or default_content()
    _refuse(wanted, None if content else held)
    return _begin(wanted, {}, by=by, based_on=base)


@transaction.atomic
def bring_back_draft(*, digest: str, based_on: RuleSet | None, by: User) -> RuleSet:
    """Begin a draft that says what one said that was thrown away; ``digest`` is of its content.

    It has the next number, since another may have taken its own. Takes the lock of tiers. Raises RuleSetError where
    what it said can't be kept any more, ValidationError where nobody knows what it said.
    """
    require_revops(by, "Changing the tier rules")
    lock_tiers()
    kept = RuleSetRevision.objects.filter(digest=digest).first()
    if kept is None:
        raise ValidationError("What this draft said was not kept.")
    whole = dict(kept.content)
    parts = whole.pop("parts", {})
    content = decode_content(whole)
    _refuse(content, content)
    return _begin(content, parts, by=by, based_on=based_on)


@transaction.atomic
def save_draft(*, rule_set: RuleSet, by: User, content: Content, expected: str) -> RuleSet:
    """Replace the content of a draft; ``expected`` is the digest of the one that the editor began from.

    Locks the rule set. Raises RuleSetError naming each place, VersionChangedError where somebody has saved it since or
    it is no draft any more.
    """
    require_revops(by, "Changing the tier rules")
    held = cycle.hold(rule_set, expected=expected)
    _refuse(content, read_content(held))
    for name, value in _terms(content).items():
        setattr(held, name, value)
    with authored(by):
        held.save(update_fields=list(_terms(content)))
        write_content(held, content)
        note_revision(rule_set=held, by=by)
    return held


@transaction.atomic
def delete_draft(*, rule_set: RuleSet, by: User) -> None:
    """Throw a draft away; raises VersionChangedError where it is no draft any more."""
    require_revops(by, "Changing the tier rules")
    cycle.discard(rule_set, by=by)


def _begin(content: Content, parts: Mapping[str, Any], *, by: User, based_on: RuleSet | None) -> RuleSet:
    with authored(by):
        draft = cycle.begin(by=by, based_on=based_on, **_terms(content))
        write_content(draft, content)
        for part in rule_set_parts:
            if part.key in parts:
                part.write(draft, parts[part.key])
            part.fill(draft)
        note_revision(rule_set=draft, by=by)
    return draft


def note_revision(*, rule_set: RuleSet, by: User | None) -> None:
    """Bring the digest of a draft up to its rows and parts, and keep what it says now; call in their transaction."""
    whole = read_whole(rule_set)
    digest = digest_of(whole)
    if digest == rule_set.digest:
        return
    rule_set.digest = digest
    rule_set.save(update_fields=["digest"])
    RuleSetRevision.objects.create(rule_set=rule_set, digest=digest, content=whole, saved_by=by)


def _refuse(content: Content, before: Content | None) -> None:
    problems = problems_of(content, before)
    if problems:
        raise RuleSetError(problems)


def _terms(content: Content) -> dict[str, object]:
    return {
        "kind": content.kind,
        "note": content.note.strip(),
        "minimum_dwell_days": content.minimum_dwell_days,
        "demotion_grace_days": content.demotion_grace_days,
        "demotions_need_approval": content.demotions_need_approval,
    }
