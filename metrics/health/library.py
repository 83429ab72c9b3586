"""The components that health may be made of, with all that somebody asks before using one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from metrics.explanation import explain_url
from metrics.health.curves import curve_of
from metrics.health.spread import CurveChart, curve_charts
from metrics.models import HealthGroup, HealthModel
from metrics.provisional import resources_of
from metrics.registry import Component, Metric, metrics
from people.access import Access
from people.models import Level
from sync.freshness.judging import Feed, judge_feeds

DIRECTIONS = {"up": "More is better", "down": "Less is better", None: "Neither way is better"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Supply:
    """A source that sends what a component is made of: when it last did, and what the judging of its feed says."""

    source: str
    came_at: datetime
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """A model in force that counts a component; ``share`` of its whole weight."""

    model: HealthModel
    label: str
    weight: Decimal
    share: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One component with its definition; ``supplies`` is empty for who may not read the number."""

    metric: Metric
    component: Component
    group: str
    url: str
    direction: str
    chart: CurveChart
    supplies: Sequence[Supply]
    uses: Sequence[Use]


def component_cards(
    access: Access, day: date | None, *, text: str = "", group: str = "", until: date | None = None
) -> list[Card]:
    """Return the components by group and label, their values on ``day``; those of ``group`` that speak of ``text``.

    The number of queries doesn't grow with the components.
    """
    found = [
        (metric, metric.component)
        for metric in metrics
        if metric.component is not None
        and group in ("", metric.component.group)
        and text.casefold() in _words(metric, metric.component)
    ]
    order = HealthGroup.values
    found.sort(key=lambda each: (order.index(each[1].group), each[0].label))
    charts = curve_charts({metric.key: curve_of(part.curve) for metric, part in found}, day, access)
    feeds, uses = judge_feeds() if found else [], _uses()
    return [
        Card(
            metric=metric,
            component=component,
            group=HealthGroup(component.group).label,
            url=explain_url(metric.key, as_of=until),
            direction=DIRECTIONS[metric.direction],
            chart=charts[metric.key],
            supplies=_supplies(metric.key, feeds, access) if charts[metric.key].redacted is None else (),
            uses=uses.get(metric.key, ()),
        )
        for metric, component in found
    ]


def _words(metric: Metric, component: Component) -> str:
    told = (metric.label, metric.key, metric.formula, component.why, metric.category.label, component.group)
    return " ".join(str(each) for each in told).casefold()


def _supplies(key: str, feeds: Sequence[Feed], access: Access) -> list[Supply]:
    """Return the sources of a number, without what the reader may not know anything of."""
    wanted = resources_of(key)
    found = {}
    for feed in feeds:
        if not access.allows(feed.category or None, Level.TOTALS):
            continue
        came = [last.received_at for last in feed.last if last.resource in wanted]
        if came:
            found[feed.source.name, feed.category] = Supply(
                source=feed.source.name, came_at=max(came), state=feed.state
            )
    return sorted(found.values(), key=lambda supply: (supply.source, supply.came_at))


def _uses() -> Mapping[str, Sequence[Use]]:
    found = defaultdict(list)
    published = HealthModel.objects.published().select_related("tier").prefetch_related("components")
    for model in published.order_by("-segment", "tier__rank"):
        parts = list(model.components.all())
        whole = sum((part.weight for part in parts), Decimal(0))
        for part in parts:
            found[part.key].append(
                Use(model=model, label=_name(model), weight=part.weight, share=part.weight / whole)
            )
    return found


def _name(model: HealthModel) -> str:
    whom = model.segment or (model.tier.label if model.tier else "every account")
    return f"Health of {whom}, version {model.version}"
