"""Writes of policies, each a thin user of the life cycle of versions. What counts or has counted is never edited."""

from __future__ import annotations

from datetime import date

import structlog
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts.lists.graph import hold_conditions
from accounts.models import Tier
from common.versions.cycle import DatedLifecycle, authored
from metrics.engine.plan import today
from people.configuration.authors import author_id
from people.functions import Function
from people.models import User
from support.models import BusinessCalendar, Policy, PolicySet, PolicyTarget
from support.policies.content import Content, check_content, content_of, digest_of
from support.policies.reviewing import review_behind_commit
from support.policies.words import differences

logger = structlog.get_logger(__name__)

EDITORS = frozenset({Function.SUPPORT, Function.REVOPS})
REFUSED = "Policies are for support and RevOps to write. Ask a colleague there."
LONGEST_NOTE = 2000
LATEST = date(2099, 12, 31)


def _check(held: PolicySet) -> None:
    # A list or field that a condition asks about could go in this very moment.
    hold_conditions()
    check_content(content_of(held))


def _mark(held: PolicySet) -> str:
    return held.digest or digest_of(content_of(held))


def _saved_since(held: PolicySet, mark: str) -> tuple[str, list[str]]:
    newest = PolicySet.pgh_event_model.objects.filter(pgh_obj_id=held.pk).order_by("-pgh_id").first()  # type: ignore[attr-defined]
    author = author_id(newest) if newest is not None else None
    who = User.objects.filter(pk=author).first() if author is not None else None
    return (str(who) if who else ""), []


cycle: DatedLifecycle[PolicySet] = DatedLifecycle(
    model=PolicySet,
    mark=_mark,
    check=_check,
    differences=lambda before, after: differences(content_of(before), content_of(after)),
    saved_since=_saved_since,
)


def in_force() -> PolicySet | None:
    """Return the version that counts now."""
    return PolicySet.objects.published().select_related("author", "published_by").first()


@transaction.atomic
def create_policy_draft(
    *,
    by: User | None,
    content: Content | None = None,
    based_on: PolicySet | None = None,
    note: str = "",
) -> PolicySet:
    """Begin a draft with ``content``, else with that of ``based_on`` or of the version in force.

    Raises ValidationError by field for content that can't be stored, PermissionDenied for others than support and
    RevOps.
    """
    _refuse_others(by)
    cycle.lock(PolicySet())
    source = based_on or in_force()
    said = content if content is not None else content_of(source) if source else ()
    check_content(said, as_drafts=True)
    draft = cycle.begin(by=by, based_on=source, note=_note(note), digest=digest_of(said))
    with authored(by):
        _write_policies(draft, said)
    return draft


@transaction.atomic
def save_policy_draft(
    *, draft: PolicySet, by: User | None, content: Content, note: str | None = None, expected: str
) -> PolicySet:
    """Replace what a draft says; a ``note`` of None stays as it is.

    ``expected`` is the mark (``cycle.mark``) that the editor read. Raises ValidationError by field
    (``policies.0.name``), and VersionChangedError where somebody else saved in between or it is no draft any more.
    """
    _refuse_others(by)
    held = cycle.hold(draft, expected=expected)
    check_content(content, as_drafts=True)
    held.digest = digest_of(content)
    if note is not None:
        held.note = _note(note)
    with authored(by):
        held.save(update_fields=["digest", "note"])
        held.targets.all().delete()
        held.policies.all().delete()
        _write_policies(held, content)
    return held


@transaction.atomic
def discard_policy_draft(*, draft: PolicySet, by: User | None) -> None:
    """Throw a draft away. Raises VersionChangedError where it is none any more."""
    _refuse_others(by)
    cycle.discard(draft, by=by)


@transaction.atomic
def publish_policies(
    *, draft: PolicySet, by: User | None, expected: str | None = None, note: str | None = None
) -> PolicySet:
    """Put a draft in force from today on, in place of the version before it.

    Behind the commit promises are reviewed: tickets that are open get their targets by it, what is done keeps those of
    its time. ``expected`` is what ``cycle.seen`` gave when the publisher looked; None is for whoever began the draft
    in the same go. Raises ValidationError by field where it can't count, and VersionChangedError.
    """
    _refuse_others(by)
    columns = {} if note is None else {"note": _note(note)}
    held = cycle.publish(draft, by=by, expected=expected, starts_on=today(), **columns)
    review_behind_commit()
    return held


@transaction.atomic
def schedule_policies(
    *, draft: PolicySet, by: User | None, expected: str, starts_on: date, note: str | None = None
) -> PolicySet:
    """Let a draft wait for a day ahead; raises as ``publish_policies`` does, and ValidationError at ``starts_on``."""
    _refuse_others(by)
    if starts_on > LATEST:
        raise ValidationError({"starts_on": f"Choose a day before {LATEST.year + 1}."})
    columns = {} if note is None else {"note": _note(note)}
    return cycle.schedule(draft, by=by, expected=expected, starts_on=starts_on, today=today(), **columns)


@transaction.atomic
def unschedule_policies(*, version: PolicySet, by: User | None) -> PolicySet:
    """Make a scheduled version a draft again; raises ValidationError where it isn't scheduled (any more)."""
    _refuse_others(by)
    return cycle.unschedule(version, by=by)


def publish_due_policies() -> int:
    """Put every version in force whose day has come; return how many. Each in a transaction of its own.

    One that can't count any more (its condition speaks of something that is gone) waits, and its page says why; once
    another of a later day is in force it waits for ever.
    """
    done = 0
    for version in PolicySet.objects.due(today()):
        try:
            with transaction.atomic():
                held = cycle.take_due(version, today=today())
                present = cycle.in_force(version)
                if held is None or _is_overtaken(held, present):
                    continue
                cycle.put_in_force(held, by=held.published_by, starts_on=held.starts_on)
        except ValidationError as error:
            logger.warning("Policies can't come into force", version=version.version, why=error.messages)
        else:
            done += 1
    return done


def _is_overtaken(held: PolicySet, present: PolicySet | None) -> bool:
    days = (held.starts_on, present.starts_on if present is not None else None)
    return None not in days and days[0] < days[1]  # type: ignore[operator]


def _note(note: str) -> str:
    kept = note.strip()
    if len(kept) > LONGEST_NOTE:
        raise ValidationError({"note": f"Use at most {LONGEST_NOTE} letters."})
    return kept


def _write_policies(held: PolicySet, content: Content) -> None:
    tiers = dict(Tier.objects.values_list("slug", "pk"))
    calendars = dict(BusinessCalendar.objects.values_list("name", "pk"))
    rows = Policy.objects.bulk_create(
        Policy(
            policy_set=held,
            position=place,
            name=one.name.strip(),
            condition=one.condition,
            clock=one.clock,
            calendar_id=calendars[one.calendar] if one.calendar else None,
        )
        for place, one in enumerate(content, start=1)
    )
    PolicyTarget.objects.bulk_create(
        PolicyTarget(
            policy_set=held,
            policy=row,
            metric=metric,
            priority=priority,
            tier_id=tiers[tier] if tier else None,
            minutes=minutes,
        )
        for row, one in zip(rows, content, strict=True)
        for (metric, priority, tier), minutes in one.cells.items()
    )


def _refuse_others(by: User | None) -> None:
    if by is not None and by.function not in EDITORS:
        raise PermissionDenied(REFUSED)
