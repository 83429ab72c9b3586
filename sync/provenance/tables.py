"""Where values come from and whose word counts, as tables for files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from common.export import Offer, Table, table_of
from sync.declarations import Resource
from sync.provenance.reading import Origin, Said, Turn


def orders_table(resource: Resource, general: Sequence[str], orders: Sequence[dict[str, Any]]) -> Table:
    """Return the order of the sources for every field, then those of single fields."""
    rows = [("", "Every field", general), *((row["field"], row["label"], row["sources"]) for row in orders)]
    return table_of(
        f"order-of-sources-{resource.key}",
        rows,
        [
            ("resource", "Records", lambda _: resource.key),
            ("field", "Field", lambda each: each[0]),
            ("label", "Called", lambda each: each[1]),
            ("sources", "Order", lambda each: list(each[2]) or ["The newest word counts"]),
        ],
    )


def origins_table(resource: Resource, pk: int, origins: Sequence[Origin]) -> Table:
    """Return every field of a record with where it comes from; what may not be read says so."""
    return table_of(
        f"origins-{resource.key}-{pk}",
        origins,
        [
            ("field", "Field", lambda each: each.field),
            ("value", "Value", lambda each: each.value),
            ("source", "Source", _source),
            ("external_id", "Record there", lambda each: each.said and each.said.external_id),
            ("source_time", "Said there", lambda each: each.said and each.said.source_time),
            ("arrived_at", "Arrived", lambda each: each.said and each.said.arrived_at),
            (
                "conflicts",
                "Others say",
                lambda each: [f"{other.value} ({other.source})" for other in each.conflicts],
            ),
        ],
    )


def origin_offers(origin: Origin, history: Sequence[Turn]) -> list[Offer]:
    """Return what is behind one value as lists: how it changed, and what others say."""
    offers = []
    if history:
        offers.append(Offer("history", "How it changed", lambda: _history_table(origin, history)))
    if origin.conflicts:
        offers.append(Offer("others", "Others say", lambda: _others_table(origin, origin.conflicts)))
    return offers


def _history_table(origin: Origin, history: Sequence[Turn]) -> Table:
    return table_of(
        f"history-{origin.field}",
        history,
        [
            ("changed_at", "When", lambda each: each.changed_at),
            ("kind", "Change", lambda each: each.kind),
            ("before", "From", lambda each: each.before),
            ("after", "To", lambda each: each.after),
            ("source", "Source", lambda each: each.source),
            ("by", "Decided here", lambda each: each.by),
            ("source_time", "Said there", lambda each: each.source_time),
        ],
    )


def _others_table(origin: Origin, others: Sequence[Said]) -> Table:
    return table_of(
        f"others-{origin.field}",
        others,
        [
            ("value", "Value", lambda each: each.value),
            ("source", "Source", lambda each: each.source),
            ("external_id", "Record there", lambda each: each.external_id),
            ("source_time", "Said there", lambda each: each.source_time),
            ("arrived_at", "Arrived", lambda each: each.arrived_at),
        ],
    )


def _source(origin: Origin) -> str:
    if origin.pin is not None:
        return f"Pinned by {origin.pin.pinned_by or 'nobody known'}"
    return (origin.said.source or "several") if origin.said else ""
