"""The numbers that health may be made of, as a draft takes them."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from metrics.health.content import ComponentDraft
from metrics.models import HealthGroup
from metrics.registry import Metric, metrics

FIRST_WEIGHT = Decimal(10)


def library() -> list[Metric]:
    """Return the numbers declared with a component, by group and label."""
    groups = list(HealthGroup.values)
    found = [one for one in metrics if one.component is not None]
    return sorted(found, key=lambda one: (groups.index(one.component.group), one.label))  # type: ignore[union-attr]


def left_to_add(held: Collection[str]) -> list[tuple[str, list[Metric]]]:
    """Return what isn't in a draft yet, by the label of its group."""
    found: dict[str, list[Metric]] = {}
    for one in library():
        if one.key not in held and one.component is not None:
            found.setdefault(str(HealthGroup(one.component.group).label), []).append(one)
    return list(found.items())


def default_draft(number: Metric) -> ComponentDraft:
    """Return a number as a component with the curve it is declared with."""
    assert number.component is not None
    return ComponentDraft(
        key=number.key,
        label=number.label,
        group=number.component.group,
        weight=FIRST_WEIGHT,
        curve=tuple((Decimal(str(value)), Decimal(str(points))) for value, points in number.component.curve),
    )
