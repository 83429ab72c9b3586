"""What rests on target lists: apps declare it in ``<app>/list_uses.py``, so that a list's page tells what it moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage

from accounts.conditions.expression import Condition
from accounts.lists.models import TargetList
from common.registry import Registry


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that asks who is on a list, in words and with its address."""

    words: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ListUse:
    """How an app uses lists.

    ``uses`` returns what asks about a list now, itself or by way of other lists. ``refuses`` returns why a list can't
    get a condition for what rests on it, empty where it can; it runs in the transaction that gives it.
    """

    key: str
    uses: Callable[[TargetList], Sequence[Use]]
    refuses: Callable[[TargetList, Condition], str]


list_uses: Registry[ListUse] = Registry("use of lists", "list_uses")


def uses_of(target: TargetList) -> list[Use]:
    """Return everything that asks who is on a list."""
    return [use for each in list_uses for use in each.uses(target)]


def why_refused(target: TargetList, condition: Condition) -> str:
    """Return why a list can't get a condition, empty where it can."""
    return next((why for each in list_uses if (why := each.refuses(target, condition))), "")


def check_uses(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for each use that is declared twice."""
    return [*list_uses.check_duplicates()]
