"""Lists by condition: who meets it is asked once, set-based, and written as what came and went."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date

from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.conditions.expression import ConditionError, ensure_sound, stored_condition
from accounts.conditions.query import matching
from accounts.lists.access import may_edit, needs_of
from accounts.lists.errors import ListRefused
from accounts.lists.graph import in_order
from accounts.lists.models import ListChange, TargetList
from accounts.lists.services.writing import begin_change, bring, finish_change, lock_list, take, want
from people.models import User

logger = logging.getLogger(__name__)


@transaction.atomic
def refresh_list(
    *, target: TargetList, by: User | None = None, numbers_on: date | None = None
) -> ListChange | None:
    """Ask a list's condition anew; return the change, None where nobody came or went.

    A condition on what is gone leaves the members as they are and says so in ``trouble``. ``numbers_on`` is the day of
    a refresh that isn't finished. Raises ListRefused for a list by hand.
    """
    held = lock_list(target.pk)
    if held.rule is None:
        raise ListRefused("Nobody but people change this list.")
    if by is not None and not may_edit(held, by):
        raise ListRefused("Only its owner, sales, marketing and RevOps refresh this list.")
    held.refreshed_at, held.trouble = timezone.now(), ""
    try:
        condition = stored_condition(held.rule.condition)
        ensure_sound(condition)
    except ConditionError as error:
        held.trouble = " ".join(f"{one.message} {one.remedy}" for one in error.problems)[:500]
        held.save(update_fields=["refreshed_at", "trouble"])
        return None
    held.needs = sorted({*held.needs, *needs_of(condition)})
    held.save(update_fields=["refreshed_at", "trouble", "needs"])
    want(matching(condition, numbers_on=numbers_on).values("pk"))
    change = begin_change(held, ListChange.Cause.REFRESH, by, rule=held.rule)
    removed = take(held, change, wanted=False)
    added = bring(held, change)
    return change if finish_change(held, change, added=added, removed=removed) else None


def refresh_lists(
    *, numbers_on: date | None = None, failed: Callable[[TargetList, Exception], None] | None = None
) -> int:
    """Refresh every list by condition, those first that others ask about; return how many changed.

    A list that fails keeps its members and doesn't hold up the others.
    """
    changed = 0
    for target in in_order(
        TargetList.objects.live().filter(kind=TargetList.Kind.RULE).select_related("rule")
    ):
        try:
            changed += refresh_list(target=target, numbers_on=numbers_on) is not None
        except ListRefused:
            continue  # deleted since
        except DatabaseError as error:
            logger.exception("Target list %s was not refreshed", target.pk)
            if failed is not None:
                failed(target, error)
    return changed
