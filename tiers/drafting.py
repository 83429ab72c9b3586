"""Changes of a draft's content: one rule put, moved or taken out; and the content that points begin with."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from tiers.content import Content, Points, Rule, Threshold
from tiers.defaults import at_least
from tiers.models import RuleSet


def items_of(content: Content) -> tuple[Rule | Points, ...]:
    """Return the rules, or the points of a set that scores."""
    return content.points if content.kind == RuleSet.Kind.SCORE else content.rules


def place_of(content: Content, name: str) -> int | None:
    """Return where the item of a name stands, from 0; None where it has gone."""
    folded = name.strip().casefold()
    return next((place for place, one in enumerate(items_of(content)) if one.name.casefold() == folded), None)


def with_item(content: Content, item: Rule | Points, *, place: int, is_new: bool) -> Content:
    """Return the content with ``item`` at ``place``, in the place of the one there or before it."""
    items = list(items_of(content))
    items[place : place + (not is_new)] = [item]
    return _with_items(content, items)


def without_item(content: Content, place: int) -> Content:
    """Return the content without the item at ``place``."""
    items = list(items_of(content))
    del items[place]
    return _with_items(content, items)


def moved_item(content: Content, place: int, by: int) -> Content:
    """Return the content with the item at ``place`` so many places further down, or up where negative."""
    items = list(items_of(content))
    to = place + by
    if 0 <= to < len(items):
        items.insert(to, items.pop(place))
    return _with_items(content, items)


def default_points() -> Content:
    """Return a set that scores: revenue, size and health, with a tenth between entering and staying."""

    def plain(field: str, value: int) -> dict[str, object]:
        leaf = at_least(field, value)
        del leaf["stay"]
        return leaf

    return Content(
        kind=RuleSet.Kind.SCORE,
        note="Points for revenue, size and health.",
        points=(
            Points(name="Revenue from 20,000", points=Decimal(30), condition=plain("finance.arr", 20_000)),
            Points(name="Revenue from 75,000", points=Decimal(25), condition=plain("finance.arr", 75_000)),
            Points(name="Revenue from 250,000", points=Decimal(25), condition=plain("finance.arr", 250_000)),
            Points(name="Large company", points=Decimal(10), condition=plain("accounts.employees", 2_500)),
            Points(name="Healthy", points=Decimal(10), condition=plain("metrics.health_score", 75)),
        ),
        thresholds=(
            Threshold(tier="strategic", enter=Decimal(80), stay=Decimal(72)),
            Threshold(tier="enterprise", enter=Decimal(55), stay=Decimal(50)),
            Threshold(tier="growth", enter=Decimal(30), stay=Decimal(27)),
            Threshold(tier="standard"),
        ),
    )


def _with_items(content: Content, items: list[Rule | Points]) -> Content:
    if content.kind == RuleSet.Kind.SCORE:
        return msgspec.structs.replace(content, points=tuple(one for one in items if isinstance(one, Points)))
    return msgspec.structs.replace(content, rules=tuple(one for one in items if isinstance(one, Rule)))
