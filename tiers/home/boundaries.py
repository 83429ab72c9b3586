"""Which accounts a small change of a number may bring into another tier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from accounts.conditions.expression import ConditionError, Leaf, leaves, resolve, stored_condition
from accounts.conditions.registry import ConditionField
from accounts.conditions.shifting import compares_numbers
from accounts.conditions.values import actual_words, value_words
from accounts.home import HomePanel, Reader, register_home_panel
from common.export import Table, table_of
from common.formatting import format_count, format_number
from people.access import Access
from people.functions import Function
from people.models import Category, Level
from tiers.doubts import doubt_about_rules
from tiers.models import NearBoundary, RuleSet

SHOWN = 6


@register_home_panel
class NearBoundaries(HomePanel):
    """Accounts with a number within a tenth of a threshold on which their tier hangs, the highest tiers first."""

    key = "tiers.near_boundary"
    title = "Near a tier boundary"
    template = "tiers/home/boundaries.html"
    category = Category.ACCOUNT_PROFILE
    is_flush = True
    is_today_only = True
    functions = {Function.REVOPS: 14}

    def load(self, reader: Reader) -> dict[str, Any]:
        rule_set = RuleSet.objects.in_force(reader.as_of).first()
        # Whom an override or a wait holds there already has nowhere to come.
        found = NearBoundary.objects.filter(
            ~Q(account__standing__tier=F("tier")), rule_set=rule_set, account__deleted_at=None
        )
        # To be near a threshold that everybody reads nearly tells the number.
        told = _told(rule_set, reader.access)
        counts = found.aggregate(
            every=Count("pk"), all=Count("pk", filter=told), falls=Count("pk", filter=told & Q(is_met=True))
        )
        found = found.filter(told)
        # Whose revenue may not be read must not show in an order either.
        may_weigh = reader.access.allows(Category.REVENUE, Level.TOTALS)
        weight = (F("account__standing__arr").desc(nulls_last=True),) if may_weigh else ()
        ordered = found.select_related("account__standing__tier", "tier", "rule").order_by(
            *weight, "tier__rank", "account__name", "pk"
        )
        doubt = doubt_about_rules(reader)
        return {
            "rule_set": rule_set,
            "rows": list(_rows(ordered[:SHOWN])),
            "every": ordered,
            "closed": _closed(counts["every"] - counts["all"]),
            "finding": _finding(counts["all"], counts["falls"]),
            "more": max(0, counts["all"] - SHOWN),
            "provisional": {"rules": doubt} if doubt else {},
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return every account near a boundary, not only those shown."""
        if not data["rows"]:
            return None
        return table_of(
            "near-a-tier-boundary",
            _rows(data["every"].iterator(chunk_size=1000)),
            [
                ("account_id", "Account id", lambda row: row["account_id"]),
                ("account", "Account", lambda row: row["name"]),
                ("tier", "Tier", lambda row: row["tier"].label if row["tier"] else ""),
                ("could_become", "Could become", lambda row: row["other"].label),
                ("rule", "Rule", lambda row: row["rule"]),
                ("because", "Because", lambda row: row["because"]),
                ("asked", "Asked", lambda row: row["asked"].removeprefix("asked ")),
            ],
        )


def _finding(whole: int, falls: int) -> str:
    if not whole:
        return ""
    rises = whole - falls
    told = f"{format_count(whole, 'account')} within 10% of a boundary"
    return f"{told}: {rises:,} short of a rule, {falls:,} just within one"


def _closed(count: int) -> str:
    if not count:
        return ""
    return f"{format_count(count, 'account')} {'hangs' if count == 1 else 'hang'} on a number that you can’t see."


def _told(rule_set: RuleSet | None, access: Access) -> Q:
    """Return which of the accounts hang on numbers that the reader may see."""
    if rule_set is None:
        return Q(pk__in=[])
    if rule_set.kind == RuleSet.Kind.SCORE:
        may_read = all(_may_read(one.condition, access) for one in rule_set.points.all())
        return Q(score__isnull=False) if may_read else Q(pk__in=[])
    return Q(rule__in=[rule.pk for rule in rule_set.rules.all() if _may_read(rule.condition, access)])


def _may_read(condition: Any, access: Access) -> bool:
    return all(field.is_readable(access) for field, _ in _compared(condition))


def _rows(found: QuerySet[NearBoundary] | Iterator[NearBoundary]) -> Iterator[dict[str, Any]]:
    compared: dict[int, list[tuple[ConditionField, Leaf]]] = {}
    for row in found:
        if row.rule is not None and row.rule.pk not in compared:
            compared[row.rule.pk] = _compared(row.rule.condition)
        standing = getattr(row.account, "standing", None)
        because, asked = (
            (_points(row.score), "") if row.rule is None else _because(row, compared[row.rule.pk])
        )
        yield {
            "account_id": row.account_id,
            "name": row.account.name,
            "tier": standing.tier if standing else None,
            "other": row.tier,
            "rule": row.rule.name if row.rule else "Points",
            "because": because,
            "asked": asked,
        }


def _compared(condition: Any) -> list[tuple[ConditionField, Leaf]]:
    try:
        every = [leaf for _, leaf in leaves(stored_condition(condition))]
        return [(resolve(leaf)[0], leaf) for leaf in every if compares_numbers(leaf)]
    except ConditionError:
        return []


def _points(score: Decimal | None) -> str:
    return f"{format_number(score)} points" if score is not None else ""


def _because(row: NearBoundary, compared: list[tuple[ConditionField, Leaf]]) -> tuple[str, str]:
    """Return the number that lies nearest to its threshold, and the threshold that counts for the account."""
    near = min(_distances(row, compared), key=lambda one: one[0], default=None)
    if near is None:
        return "", ""
    _, field, leaf, actual = near
    threshold = _threshold(row, leaf)
    operator = resolve(leaf)[1]
    beside = threshold if isinstance(threshold, tuple) else (threshold,)
    said = actual_words(field, actual, *beside)
    return f"{field.label} {said}", f"asked {operator.sign} {value_words(field, operator, threshold)}"


def _distances(
    row: NearBoundary, compared: list[tuple[ConditionField, Leaf]]
) -> Iterator[tuple[Decimal, ConditionField, Leaf, Decimal]]:
    numbers = {key: value for part in row.numbers.values() for key, value in part.items()}
    for field, leaf in compared:
        value, threshold = numbers.get(leaf.field), _threshold(row, leaf)
        for end in threshold if isinstance(threshold, tuple) else (threshold,):
            if value is not None and end:
                actual = Decimal(str(value))
                yield abs(actual - end) / abs(end), field, leaf, actual


def _threshold(row: NearBoundary, leaf: Leaf) -> Any:
    return leaf.stay if row.is_held and leaf.stay is not None else leaf.value
