"""Target lists: made, renamed, shared, given another condition, deleted and brought back."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.conditions.expression import Condition, condition_data, stored_condition
from accounts.conditions.query import matching
from accounts.lists.access import may_delete, may_edit, needs_of
from accounts.lists.errors import ChangedMeanwhile, ListRefused
from accounts.lists.graph import circle_of_lists, hold_conditions
from accounts.lists.models import ListChange, ListRule, ListSignature, TargetList
from accounts.lists.services.names import clean_name, clean_text
from accounts.lists.services.writing import begin_change, bring, finish_change, lock_list, take, want
from accounts.lists.telling import CLOSED, DELETED, RESTORED, SHARED, tell_whole
from accounts.lists.uses import why_refused
from people.models import User

Kind = TargetList.Kind


@transaction.atomic
def create_list(
    *,
    name: str,
    by: User,
    owner: User | None = None,
    purpose: str = "",
    is_shared: bool = True,
    condition: Condition | None = None,
) -> TargetList:
    """Make a list, by hand or, with ``condition``, by that, whose members are on it at once. Raises ListRefused.

    It is ``owner``'s, or of who makes it.
    """
    target = TargetList(
        name=clean_name(name),
        purpose=clean_text(purpose),
        owner=owner or by,
        is_shared=is_shared,
        kind=Kind.STATIC if condition is None else Kind.RULE,
    )
    _save(target)
    if condition is None:
        finish_change(
            target, begin_change(target, ListChange.Cause.CREATED, by), added=0, removed=0, keep=True
        )
    else:
        _follow_rule(target, condition, by, ListChange.Cause.CREATED)
    return target


@transaction.atomic
def change_list(
    *, target: TargetList, by: User, name: str, purpose: str, is_shared: bool, seen: str | None = None
) -> TargetList:
    """Rename a list, say what it is for, and share it or keep it.

    One that is kept is proposed to nobody any more, and signatures for it end. ``seen`` is the ``TargetList.details``
    that the form began with. Raises ListRefused, ChangedMeanwhile where they are others by now.
    """
    held = lock_list(target.pk)
    if seen is not None and seen != held.details:
        raise ChangedMeanwhile(
            f"Somebody has changed this meanwhile: it is called “{held.name}”, "
            f"{f'for “{held.purpose}”' if held.purpose else 'says nothing of what it is for'}, and "
            f"{'everybody sees it' if held.is_shared else 'only its owner sees it'}. Save again to replace that."
        )
    if not may_edit(held, by):
        raise ListRefused("Only its owner, sales, marketing and RevOps change this list.")
    if is_shared != held.is_shared and not may_delete(held, by):
        raise ListRefused("Only its owner and RevOps decide who sees it.", field="is_shared")
    is_turned = is_shared != held.is_shared
    held.name, held.purpose, held.is_shared = clean_name(name), clean_text(purpose), is_shared
    if not is_shared:
        held.proposed_at = held.proposed_by = None
        ListSignature.objects.filter(list=held, ended_at=None).update(ended_at=timezone.now())
    _save(held)
    if is_turned:
        tell_whole(held, SHARED if is_shared else CLOSED, by)
    return held


@transaction.atomic
def change_rule(*, target: TargetList, condition: Condition, by: User, version: int) -> ListChange | None:
    """Let another condition decide who is on a list; return the change, None where nobody came or went.

    ``version`` is the one whose preview was shown. Raises ListRefused, ChangedMeanwhile where it is another one now,
    and names the circle where lists would ask about each other.
    """
    held = lock_list(target.pk, version=version)
    if held.kind != Kind.RULE:
        raise ListRefused("People decide who is on this list.")
    if not may_edit(held, by):
        raise ListRefused("Only its owner, sales, marketing and RevOps change its condition.")
    return _follow_rule(held, condition, by, ListChange.Cause.RULE)


@transaction.atomic
def delete_list(*, target: TargetList, by: User) -> None:
    """Delete a list; it can be brought back. Raises ListRefused."""
    held = lock_list(target.pk)
    if not may_delete(held, by):
        raise ListRefused("Only its owner and RevOps delete this list.")
    held.deleted_at = timezone.now()
    held.save(update_fields=["deleted_at"])
    if held.is_shared:
        tell_whole(held, DELETED, by)


@transaction.atomic
def restore_list(*, target: TargetList, by: User) -> TargetList:
    """Bring a deleted list back as it was.

    Raises ListRefused where its name is taken, or lists that came to ask about it meanwhile would close a circle.
    """
    held = TargetList.objects.select_for_update(of=("self",)).select_related("rule").get(pk=target.pk)
    if not may_delete(held, by):
        raise ListRefused("Only its owner and RevOps bring this list back.")
    if held.deleted_at is None:
        return held
    if held.rule is not None:
        _refuse_unfit(held, stored_condition(held.rule.condition), field="")
    held.deleted_at = None
    _save(held)
    if held.is_shared:
        tell_whole(held, RESTORED, by)
    return held


def _follow_rule(target: TargetList, condition: Condition, by: User, cause: str) -> ListChange | None:
    _refuse_unfit(target, condition, field="where")
    last = target.rules.aggregate(last=Max("number"))["last"] or 0
    rule = ListRule.objects.create(list=target, number=last + 1, condition=condition_data(condition), by=by)
    # Versions of before stay to be seen, so what their conditions read is needed on.
    target.rule, target.needs = rule, sorted({*target.needs, *needs_of(condition)})
    target.refreshed_at, target.trouble = timezone.now(), ""
    target.save(update_fields=["rule", "needs", "refreshed_at", "trouble"])
    want(matching(condition).values("pk"))
    change = begin_change(target, cause, by, rule=rule)
    removed = take(target, change, wanted=False)
    added = bring(target, change)
    finish_change(target, change, added=added, removed=removed, keep=True)
    return change


def _refuse_unfit(target: TargetList, condition: Condition, *, field: str) -> None:
    # Two lists changed at once could come to ask about each other, neither seeing the other's new condition.
    hold_conditions()
    circle = circle_of_lists(target, condition)
    if circle:
        raise ListRefused(f"The list would ask about itself: {circle}.", field=field)
    if why := why_refused(target, condition):
        raise ListRefused(why, field=field)


def _save(target: TargetList) -> None:
    try:
        with transaction.atomic():
            target.save()
    except IntegrityError as error:
        if "one_name" in str(error):
            raise ListRefused(f"You already have a list called “{target.name}”.", field="name") from error
        raise
