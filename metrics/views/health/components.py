"""The library of what health may be made of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common.asof import requested_as_of
from common.export import Offer, Table, asked_format, chosen_table, export_response, table_of
from common.htmx import render_page
from common.params import read_choice, read_text
from metrics.health.library import Card, component_cards
from metrics.models import HealthGroup, RefreshRun
from metrics.registry import metrics
from people.access import request_access


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """List the components by group, each with its curve over the values that accounts have on the day."""
    until = requested_as_of(request)
    day = RefreshRun.objects.finished().newest_day(until)
    text = read_text(request.GET)
    group = read_choice(request.GET, "group", HealthGroup.values)
    cards = component_cards(request_access(request), day, text=text, group=group, until=until)
    exports = [
        Offer("components", "Components", lambda: _components_table(cards)),
        Offer("values", "Values by points", lambda: _values_table(cards)),
    ]
    if asked_format(request):
        return export_response(request, chosen_table(request, exports))
    context = {
        "groups": [
            {"label": label, "cards": list(of_group)}
            for label, of_group in groupby(cards, key=lambda card: card.group)
        ],
        "tabs": [("", "All"), *HealthGroup.choices],
        "group": group,
        "text": text,
        "shown": len(cards),
        "declared": sum(metric.component is not None for metric in metrics),
        "as_of": day,
        "exports": exports if cards else [],
    }
    return render_page(request, "metrics/components.html", "metrics/_components.html", context)


def _accounts(card: Card) -> object:
    """Return how many accounts have it, or the mark that stands for it."""
    return card.chart.accounts if card.chart.redacted is None else card.chart.redacted


def _components_table(cards: Sequence[Card]) -> Table:
    return table_of(
        "components",
        cards,
        [
            ("key", "Key", lambda card: card.metric.key),
            ("label", "Component", lambda card: card.metric.label),
            ("group", "Group", lambda card: card.group),
            ("formula", "How it is counted", lambda card: card.metric.formula),
            ("unit", "Unit", lambda card: card.metric.unit),
            ("direction", "Direction", lambda card: card.direction),
            ("category", "Category", lambda card: str(card.metric.category.label)),
            ("holds_days", "Holds for days", lambda card: card.component.fresh_days),
            ("curve", "Curve", lambda card: card.chart.words),
            ("why", "Why", lambda card: card.component.why),
            ("sources", "Sources", lambda card: [supply.source for supply in card.supplies]),
            ("came_at", "Last data", lambda card: max((one.came_at for one in card.supplies), default=None)),
            ("accounts", "Accounts with it", _accounts),
            ("models", "Used by", lambda card: [f"{use.label}: {use.weight:f}" for use in card.uses]),
            ("provisional", "Provisional", lambda card: card.chart.provisional),
        ],
    )


def _values_table(cards: Sequence[Card]) -> Table:
    return table_of(
        "component-values",
        [(card, row) for card in cards for row in card.chart.rows()],
        [
            ("as_of", "Day", lambda each: each[0].chart.as_of),
            ("key", "Key", lambda each: each[0].metric.key),
            ("label", "Component", lambda each: each[0].metric.label),
            ("from", "From", lambda each: each[1]["low"]),
            ("below", "Below", lambda each: each[1]["high"]),
            ("unit", "Unit", lambda each: each[0].metric.unit),
            ("points_from", "Points from", lambda each: each[1]["points_low"]),
            ("points_to", "Points to", lambda each: each[1]["points_high"]),
            ("accounts", "Accounts", lambda each: each[1]["accounts"]),
        ],
    )
