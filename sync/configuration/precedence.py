"""The order of the sources as a section of the configuration: a save is one order and what it was before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.core.exceptions import ValidationError

from people.configuration.history import DELETED, INSERTED, Line, Step
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked
from people.configuration.shapes import ListOf, MapOf, Text, unknown
from people.models import User
from sync.models import FieldPrecedence, Source
from sync.provenance.preview import preview_precedence
from sync.provenance.reading import label_of
from sync.provenance.services import set_precedence
from sync.provenance.settling import settle_soon
from sync.registry import resources

EVERY_FIELD = "*"
Place = tuple[str, str]
Orders = dict[Place, list[str]]

RANKS = Tracked(
    model=FieldPrecedence,
    noun="Rank",
    name=lambda event: f"{event.resource}.{event.field or EVERY_FIELD}",
    labels={"rank": "rank"},
)


def held_orders() -> Orders:
    """Return the orders as they stand, by resource and field; one query."""
    orders: Orders = {}
    rows = FieldPrecedence.objects.order_by("resource", "field", "rank")
    for resource, field, slug in rows.values_list("resource", "field", "source__slug"):
        orders.setdefault((resource, field), []).append(slug)
    return orders


def orders_around(steps: Sequence[Step]) -> dict[Place, tuple[list[str], list[str]]]:
    """Return each order that steps replaced, before and after."""
    slugs = dict(Source.objects.values_list("pk", "slug"))
    places = dict.fromkeys((step.event.resource, step.event.field) for step in steps)

    def order(place: Place, kind: str) -> list[str]:
        rows = [
            step.event
            for step in steps
            if step.kind == kind and (step.event.resource, step.event.field) == place
        ]
        return [
            slugs.get(row.source_id, "a removed source") for row in sorted(rows, key=lambda row: row.rank)
        ]

    return {place: (order(place, DELETED), order(place, INSERTED)) for place in places}


def tell_orders(steps: Sequence[Step]) -> list[Line]:
    """Say which order became which."""
    return [
        Line(_words(place), "", ", ".join(before) or "nothing", ", ".join(after) or "nothing")
        for place, (before, after) in orders_around(steps).items()
    ]


def what_is_newer(steps: Sequence[Step]) -> list[str]:
    """Say which orders were changed again since, or need a source that is gone."""
    held = held_orders()
    known = set(Source.objects.values_list("slug", flat=True))
    said = []
    for place, (before, after) in orders_around(steps).items():
        if held.get(place, []) == before:
            said.append(f"{_words(place)} stands as it did before this change.")
        elif held.get(place, []) != after:
            said.append(f"{_words(place)} was changed again since. Take that back first.")
        elif set(before) - known:
            said.append(f"{_words(place)}: a source of the earlier order is gone.")
    return said


def undo_orders(steps: Sequence[Step], by: User) -> None:
    """Set the earlier orders again, and have what counts decided by them."""
    for (key, field), (before, _) in orders_around(steps).items():
        _set(key, field, before)


def effect_of_orders(steps: Sequence[Step]) -> list[str]:
    """Say how many records would change."""
    said = []
    for (key, field), (before, _) in orders_around(steps).items():
        resource = resources.get(key)
        if resource is not None:
            found = preview_precedence(resource=resource, field=field, sources=before)
            said.append(
                f"{found.changed} of {found.shared} {resource.key} that several sources describe would change."
            )
    return said


def export_orders() -> dict[str, dict[str, list[str]]]:
    """Return the orders by resource and field; ``*`` is every field without an order of its own."""
    document: dict[str, dict[str, list[str]]] = {}
    for (resource, field), order in sorted(held_orders().items()):
        document.setdefault(resource, {})[field or EVERY_FIELD] = order
    return document


def plan_orders(data: Mapping[str, Mapping[str, list[str]]], is_published: bool) -> list[str]:
    """Say which orders would change, begin or end. Raises ConfigError for unknown names."""
    known = set(Source.objects.values_list("slug", flat=True))
    problems: list[Problem] = []
    for key, orders in data.items():
        resource = resources.get(key)
        if resource is None or resource.stream:
            problems.append(unknown(key, [each.key for each in resources if not each.stream]))
            continue
        for field, order in orders.items():
            path = f"{key}.{field}"
            is_own = field.startswith("custom.") and len(field) > len("custom.")
            if field != EVERY_FIELD and field not in resource.fields_by_name and not is_own:
                problems.append(unknown(path, [EVERY_FIELD, *resource.fields_by_name]))
            problems += _wrong_sources(order, known, path)
    if problems:
        raise ConfigError(problems)
    held, wished = held_orders(), _wished(data)
    return [
        str(Line(_words(place), "", _listed(held.get(place)), _listed(wished.get(place))))
        for place in sorted({*held, *wished})
        if held.get(place, []) != wished.get(place, [])
    ]


def apply_orders(data: Mapping[str, Mapping[str, list[str]]], by: User | None, is_published: bool) -> None:
    """Set the orders, and have what counts decided by them."""
    held, wished = held_orders(), _wished(data)
    for key, field in sorted({*held, *wished}):
        if held.get((key, field), []) != wished.get((key, field), []):
            _set(key, field, wished.get((key, field), []))


def _set(key: str, field: str, sources: Sequence[str]) -> None:
    resource = resources.get(key)
    if resource is None:
        raise ValidationError(f"There are no {key} any more.")
    set_precedence(resource=resource, field=field, sources=sources)
    settle_soon(resource=resource)


def _wished(data: Mapping[str, Mapping[str, list[str]]]) -> Orders:
    return {
        (key, "" if field == EVERY_FIELD else field): list(order)
        for key, orders in data.items()
        for field, order in orders.items()
    }


def _wrong_sources(order: Sequence[str], known: set[str], path: str) -> Iterable[Problem]:
    for place, slug in enumerate(order):
        if slug not in known:
            yield Problem(
                f"{path}[{place}]", f"there is no source “{slug}”.", "Add it first, or leave it out."
            )
        elif slug in order[:place]:
            yield Problem(f"{path}[{place}]", f"“{slug}” stands twice.", "Leave one out.")


def _words(place: Place) -> str:
    resource, field = place
    return f"Order for {resource}, {label_of(field).lower() if field else 'every field'}"


def _listed(order: Sequence[str] | None) -> str:
    return ", ".join(order or []) or "nothing"


SECTION = ConfigSection(
    key="precedence",
    label="Order of the sources",
    url_name="sync:precedence",
    tracks=(RANKS,),
    undo=undo_orders,
    effect=effect_of_orders,
    blocks=what_is_newer,
    tell=tell_orders,
    file=ConfigFile(
        shape=MapOf(MapOf(ListOf(Text(longest=64), least=1, most=100))),
        export=export_orders,
        plan=plan_orders,
        apply=apply_orders,
    ),
)
