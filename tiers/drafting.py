"""Changes of a draft's content: one rule put, moved or taken out; and the content that points begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from accounts.models import Tier
from tiers.content import Content, Points, Rule, Threshold, problems_of, read_content
from tiers.defaults import at_least, default_content
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


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherKind:
    """A draft as one of the other kind: ``content``, what it begins with (``source``), and what is ``dropped``."""

    content: Content
    label: str
    source: str
    dropped: Sequence[str]


def other_kind(content: Content) -> OtherKind:
    """Return a draft's content as one of the other kind; its note and terms stay.

    Its rules, or points, are those of the newest version of that kind that still holds, else the product's own.
    """
    is_score = content.kind == RuleSet.Kind.SCORE
    kind = RuleSet.Kind.CONDITIONS if is_score else RuleSet.Kind.SCORE
    held = RuleSet.objects.filter(kind=kind, published_at__isnull=False).newest_first().first()
    begun = read_content(held) if held else None
    if begun is None or problems_of(begun):
        held, begun = None, default_content() if is_score else default_points()
    labels = dict(Tier.objects.values_list("slug", "label"))
    dropped = (
        [f"Points “{one.name}” ({one.points:+f})" for one in content.points]
        + [f"Threshold of {labels.get(one.tier, one.tier)}" for one in content.thresholds]
        if is_score
        else [f"Rule “{one.name}” ({labels.get(one.tier, one.tier)})" for one in content.rules]
    )
    return OtherKind(
        content=msgspec.structs.replace(
            content, kind=kind, rules=begun.rules, points=begun.points, thresholds=begun.thresholds
        ),
        label=kind.label,
        source=f"those of {held}" if held else "those that the product came with",
        dropped=dropped,
    )


def _with_items(content: Content, items: list[Rule | Points]) -> Content:
    if content.kind == RuleSet.Kind.SCORE:
        return msgspec.structs.replace(content, points=tuple(one for one in items if isinstance(one, Points)))
    return msgspec.structs.replace(content, rules=tuple(one for one in items if isinstance(one, Rule)))
