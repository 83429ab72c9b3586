"""A version of a health model as people read it: parts in words, and what they may not know left out by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from accounts.conditions.expression import ConditionError, stored_condition
from accounts.conditions.words import words
from common.formatting import format_unit
from metrics.health.content import Content, content_of, differences
from metrics.health.redaction import closed
from metrics.health.spread import CurveChart
from metrics.models import HealthComponent, HealthGroup, HealthLimit, HealthModel
from metrics.registry import metrics
from people.access import Access


@dataclass(frozen=True, kw_only=True, slots=True)
class ComponentShown:
    """One component: its ``share`` of the weight, its curve as ``pairs`` in words; ``is_gone`` where no app has it."""

    place: int
    key: str
    label: str
    group: str
    number: str
    weight: Decimal
    share: Decimal
    pairs: Sequence[tuple[str, Decimal]]
    is_gone: bool
    chart: CurveChart | None = None

    @property
    def percent(self) -> int:
        """The share as a whole number of hundredths, for a bar."""
        return round(self.share * 100)


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitShown:
    """One limit in words; ``closed`` says why it isn't shown."""

    place: int
    label: str = ""
    kind: str = ""
    points: Decimal | None = None
    where: str = ""
    closed: str = ""


def components_shown(components: Sequence[HealthComponent]) -> list[ComponentShown]:
    """Return components as they are read, in their order."""
    whole = sum((part.weight for part in components), Decimal(0)) or Decimal(1)
    return [
        ComponentShown(
            place=place,
            key=part.key,
            label=part.label,
            group=HealthGroup(part.group).label if part.group in HealthGroup.values else part.group,
            number=metrics[part.key].label if part.key in metrics else part.key,
            weight=part.weight,
            share=part.weight / whole,
            pairs=[(_told(value, part.key), Decimal(str(points))) for value, points in part.curve],
            is_gone=part.key not in metrics,
        )
        for place, part in enumerate(components, start=1)
    ]


def _told(value: float, key: str) -> str:
    unit = metrics[key].unit if key in metrics else ""
    return format_unit(Decimal(str(value)), "" if unit == "money" else unit)


def limits_shown(limits: Sequence[HealthLimit], access: Access) -> list[LimitShown]:
    """Return limits in words; one that asks about what the reader may not see, only as that it is there."""
    found = []
    for place, limit in enumerate(limits, start=1):
        if why := closed(limit.condition, access):
            found.append(LimitShown(place=place, closed=why))
            continue
        found.append(
            LimitShown(
                place=place,
                label=limit.label,
                kind=HealthLimit.Kind(limit.kind).label,
                points=limit.points,
                where=condition_words(limit.condition),
            )
        )
    return found


def condition_words(data: Any) -> str:
    """Return a stored condition in words, also where it speaks of something that is gone."""
    try:
        return words(stored_condition(data))
    except ConditionError as error:
        return f"It can't be read: {error}"


def differences_shown(before: HealthModel, after: HealthModel, access: Access) -> list[str]:
    """Return what changed between two versions, as far as the reader may know it."""
    held, wanted = content_of(before), content_of(after)
    if any(closed(one.condition, access) for one in (held, wanted) if one.condition is not None):
        held, wanted = replace(held, condition=None), replace(wanted, condition=None)
    return differences(_open(held, access), _open(wanted, access))


def _open(content: Content, access: Access) -> Content:
    return replace(
        content, limits=tuple(limit for limit in content.limits if not closed(limit.condition, access))
    )


def told_problems(model: HealthModel, problems: dict[str, list[str]]) -> list[str]:
    """Return what is wrong with a version, by field, as sentences with the names of its parts."""
    labels: dict[str, list[str]] = {
        "components": [part.label for part in model.components.all()],
        "limits": [limit.label for limit in model.limits.all()],
    }
    told = []
    for field, found in problems.items():
        kind, _, rest = field.partition(".")
        place = rest.partition(".")[0]
        held = labels.get(kind, [])
        name = f"“{held[int(place)]}”: " if place.isdigit() and int(place) < len(held) else ""
        told += [f"{name}{problem}" for problem in found]
    return told
