"""What stands in the tier guide, as plain texts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from msgspec import Struct

from accounts.conditions.expression import Condition, ConditionError, parse_condition
from common.export import Column, Table
from common.formatting import format_date, format_number
from tiers.entitlements.registry import ordered_kinds
from tiers.entitlements.tables import ValueTable, table_in_force
from tiers.guide.wording import AGREED, EVERYBODY, customer_words, in_full
from tiers.models import RuleSet


class Row(Struct, frozen=True):
    """One entitlement with its value for each tier."""

    label: str
    values: tuple[str, ...]


class TierColumn(Struct, frozen=True):
    """One tier, and who belongs to it: one text a rule."""

    slug: str
    label: str
    who: tuple[str, ...]


class Guide(Struct, frozen=True, kw_only=True):
    """The whole guide, fit for customers: no keys, no figures of accounts, nothing that isn't shareable."""

    title: str
    author: str
    subtitle: str
    who: str
    version: int
    tiers: tuple[TierColumn, ...]
    rows: tuple[Row, ...]
    points: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def lines(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The rows, each value beside the label of its tier."""
        labels = [tier.label for tier in self.tiers]
        return [(row.label, list(zip(labels, row.values, strict=True))) for row in self.rows]


def published_guide() -> Guide | None:
    """Return the guide of the version in force, None where none was published yet; at most seven queries."""
    table = table_in_force()
    return None if table.rule_set is None else guide_of(table, table.rule_set)


def guide_of(table: ValueTable, rule_set: RuleSet) -> Guide:
    """Return the guide of one version: the tiers that its rules give, with every shareable entitlement."""
    is_score = rule_set.kind == RuleSet.Kind.SCORE
    who = _by_points(rule_set) if is_score else _by_rules(rule_set)
    tiers = [tier for tier in table.tiers.values() if tier.pk in who]
    company = settings.COMPANY
    rows = tuple(
        Row(kind.label, tuple(table.words(kind, tier) for tier in tiers))
        for kind in ordered_kinds()
        if kind.is_shareable
    )
    points = tuple(_points(rule_set)) if is_score else ()
    texts = [
        *points,
        *(text for tier in tiers for text in who[tier.pk]),
        *(text for row in rows for text in row.values),
    ]
    return Guide(
        title=f"{company} customer tiers" if company else "Our customer tiers",
        author=company,
        subtitle="Who belongs to each tier, and what it brings.",
        who="Who belongs to it",
        version=rule_set.version,
        tiers=tuple(TierColumn(tier.slug, tier.label, tuple(who[tier.pk])) for tier in tiers),
        rows=rows,
        points=points,
        notes=tuple(text for text in (in_full(texts), *_notes(rule_set)) if text),
    )


def guide_table(guide: Guide) -> Table:
    """Return the guide for a file: a column for each tier."""
    columns = [Column("what", ""), *(Column(tier.slug, tier.label) for tier in guide.tiers)]
    rows = [[guide.who, *(list(tier.who) for tier in guide.tiers)]]
    return Table("tiers", columns, [*rows, *([row.label, *row.values] for row in guide.rows)])


def _by_rules(rule_set: RuleSet) -> dict[int, list[str]]:
    who: dict[int, list[str]] = {}
    for rule in rule_set.rules.order_by("position"):
        text = _said(rule.condition)
        held = who.setdefault(rule.tier_id, [])
        if text not in held:
            held.append(text)
    return who


def _by_points(rule_set: RuleSet) -> dict[int, list[str]]:
    return {
        one.tier_id: [EVERYBODY if one.enter is None else f"From {format_number(one.enter)} points"]
        for one in rule_set.thresholds.all()
    }


def _points(rule_set: RuleSet) -> list[str]:
    return [
        f"{format_number(one.points)} {'point' if abs(one.points) == 1 else 'points'}: {_said(one.condition)}"
        for one in rule_set.points.order_by("position")
    ]


def _said(data: Any) -> str:
    try:
        condition: Condition = parse_condition(data)
    except ConditionError:
        return AGREED
    return customer_words(condition)


def _notes(rule_set: RuleSet) -> list[str]:
    """Return what stands below; which of several that fit counts is said only where the columns tell it."""
    ranks = [rule.tier.rank for rule in rule_set.rules.select_related("tier").order_by("position")]
    first = "Where several descriptions fit, the one furthest to the left counts. "
    since = f", in force since {format_date(rule_set.starts_on)}" if rule_set.starts_on else ""
    return [
        f"{first if ranks == sorted(ranks) else ''}What your contract says comes first.",
        f"Version {rule_set.version}{since}.",
    ]
