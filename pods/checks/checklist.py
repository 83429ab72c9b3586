"""What a health check goes through: RevOps' own list, else the one that it comes with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from metrics.registry import metrics
from people.functions import Function
from people.models import User
from pods.checks.models import Checklist

MOST_ITEMS = 20
TEXT_LENGTH = 200
THE_ONE = 1


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to go through; ``number`` is the key of what stands beside it, or empty."""

    text: str
    number: str = ""


DEFAULTS = (
    Item("Is the health score where it should be, and do you know what moved it?", "metrics.health_score"),
    Item("Does any ticket wait too long, or come back?", "support.open_tickets"),
    Item("Is use steady or rising?", "product.usage_trend"),
    Item("Did we speak with somebody who decides?", "engagement.days_since_touch"),
    Item("Is anything overdue or disputed?", "finance.overdue"),
    Item("Is the next step towards the renewal agreed?", "finance.days_until_renewal"),
)


def held_items() -> list[Item]:
    """Return what the next checks go through; one query."""
    row = Checklist.objects.filter(pk=THE_ONE).first()
    return list(DEFAULTS) if row is None else [Item(**item) for item in row.items]


@transaction.atomic
def set_items(*, items: Sequence[Item], by: User | None) -> bool:
    """Set what the next checks go through; return whether that is another list. ``by`` None is the command line.

    Raises PermissionDenied for anybody but RevOps, ValidationError at ``items``.
    """
    if by is not None and by.function != Function.REVOPS:
        raise PermissionDenied("The checklist is for RevOps to set.")
    told = [Item(item.text.strip(), item.number) for item in items]
    check_items(told)
    held = Checklist.objects.select_for_update().filter(pk=THE_ONE).first()
    if told == (list(DEFAULTS) if held is None else [Item(**item) for item in held.items]):
        return False
    row = held or Checklist(pk=THE_ONE)
    row.items = plain(told)
    with pghistory.context(user=None if by is None else by.pk):
        row.save()
    return True


def plain(items: Sequence[Item]) -> list[dict[str, str]]:
    """Return items as they are kept."""
    return [asdict(item) for item in items]


def read_items(data: Sequence[Mapping[str, Any]]) -> list[Item]:
    """Return the items of plain data."""
    return [Item(item["text"].strip(), item.get("number", "")) for item in data]


def told_items(data: Sequence[Mapping[str, Any]]) -> str:
    """Return the items of plain data in words."""
    return "; ".join(item.text for item in read_items(data))


def check_items(items: Sequence[Item]) -> None:
    """Raise ValidationError at ``items`` for what a list can't hold."""
    if not 1 <= len(items) <= MOST_ITEMS:
        raise ValidationError({"items": f"Write from 1 to {MOST_ITEMS} things to go through."})
    for place, item in enumerate(items, start=1):
        if not item.text or len(item.text) > TEXT_LENGTH or "\x00" in item.text:
            raise ValidationError({"items": f"Line {place}: write up to {TEXT_LENGTH} letters."})
        if item.number and item.number not in metrics:
            raise ValidationError({"items": f"Line {place}: there is no number {item.number[:64]!r}."})
