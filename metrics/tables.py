"""What stands behind a number as tables for files: its segments, inputs, components and history."""

from __future__ import annotations

from collections.abc import Sequence

from common.export import Offer, Table, table_of
from metrics.explanation import Explanation, Point
from metrics.health.explain import ShownPart
from sync.freshness.marks import provisional_on


def explanation_offers(told: Explanation) -> list[Offer]:
    """Return the lists of an explanation that hold something; none where the number may not be read."""
    if told.is_redacted:
        return []
    offers = []
    if told.health is not None and (components := told.health.components):
        offers.append(Offer("components", "Components", lambda: _components_table(told, components)))
    if told.members:
        offers.append(Offer("segments", "Segments", lambda: _members_table(told)))
    if told.inputs:
        offers.append(Offer("inputs", "Made of", lambda: _inputs_table(told)))
    if told.history:
        offers.append(Offer("history", "History", lambda: _history_table(told, told.history)))
    return offers


def _named(told: Explanation, what: str) -> str:
    return f"{told.definition.key.replace('.', '-')}-{what}"


def _components_table(told: Explanation, components: Sequence[ShownPart]) -> Table:
    return table_of(
        _named(told, "components"),
        components,
        [
            ("key", "Key", lambda each: each.key),
            ("component", "Component", lambda each: each.label),
            ("group", "Group", lambda each: each.group),
            ("value", "Value", lambda each: each.value),
            ("unit", "Unit", lambda each: each.unit),
            ("points", "Points of 100", lambda each: each.points),
            ("weight", "Weight", lambda each: each.weight),
            ("share", "Share of the weight", lambda each: round(each.share, 4)),
            ("freshness", "Freshness", lambda each: each.freshness),
            ("adds", "Adds", lambda each: each.contribution),
            ("costs", "Costs", lambda each: each.lost),
            ("provisional", "Provisional", lambda each: each.provisional),
        ],
    )


def _members_table(told: Explanation) -> Table:
    return table_of(
        _named(told, told.dimension),
        told.members,
        [
            ("as_of", "Day", lambda _: told.as_of),
            ("segment", "Segment", lambda each: each.label),
            ("value", told.definition.label, lambda each: each.value),
            ("unit", "Unit", lambda _: told.currency or told.unit),
            ("numerator", "Numerator", lambda each: each.numerator),
            ("denominator", "Denominator", lambda each: each.denominator),
            ("accounts", "Accounts", lambda each: each.accounts),
            ("provisional", "Provisional", lambda _: told.provisional),
        ],
    )


def _inputs_table(told: Explanation) -> Table:
    return table_of(
        _named(told, "made-of"),
        told.inputs,
        [
            ("input", "Made of", lambda each: each.label),
            ("value", "Value", lambda each: each.value),
            ("unit", "Unit", lambda each: each.unit),
            ("sources", "From", lambda each: list(each.sources)),
            ("fresh_at", "Newest batch", lambda each: each.fresh_at),
            ("provisional", "Provisional", lambda each: each.provisional),
        ],
    )


def _history_table(told: Explanation, history: Sequence[Point]) -> Table:
    key = told.definition.key
    doubts = provisional_on([point.day for point in history], [key])
    return table_of(
        _named(told, "history"),
        history,
        [
            ("as_of", "Day", lambda each: each.day),
            ("value", told.definition.label, lambda each: each.value),
            ("unit", "Unit", lambda _: told.currency or told.unit),
            ("provisional", "Provisional", lambda each: doubts.get((each.day, key), "")),
        ],
    )
