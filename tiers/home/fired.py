"""Which rules moved accounts last night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from accounts.home import HomePanel, Reader, register_home_panel
from accounts.models import TierTenure
from common.export import Table, table_of
from common.formatting import format_count, format_date
from people.functions import Function
from people.models import Category
from tiers.doubts import doubt_about_rules
from tiers.models import RuleSet

SHOWN = 6
# Moves are written on their day; the index over that time finds them without a look at all history.
WRITTEN_WITHIN = timedelta(days=1)
FIELDS = (
    "account_id",
    "account__name",
    "tier__slug",
    "tier__label",
    "from_slug",
    "from_label",
    "from_rank",
    "tier__rank",
    "reason",
)


@register_home_panel
class RulesFired(HomePanel):
    """The rules that moved accounts on the day, with how many each, and the accounts with why."""

    key = "tiers.fired"
    title = "Rules fired last night"
    template = "tiers/home/fired.html"
    category = Category.ACCOUNT_PROFILE
    is_flush = True
    functions = {Function.REVOPS: 10}

    def load(self, reader: Reader) -> dict[str, Any]:
        rule_set = RuleSet.objects.in_force(reader.as_of).select_related("published_by").first()
        if rule_set is None:
            return {"rule_set": None, "rows": []}
        moves = _moves(reader.as_of)
        rules = list(
            moves.order_by()
            .values("rule__name", "tier__slug", "tier__label")
            .annotate(
                n=Count("pk"),
                up=Count("pk", filter=Q(from_rank__gt=F("tier__rank"))),
                down=Count("pk", filter=Q(from_rank__lt=F("tier__rank"))),
            )
            .order_by("rule__position", "tier__rank")
        )
        ordered = moves.order_by("tier__rank", "account__name", "pk").values(*FIELDS)
        doubt = doubt_about_rules(reader)
        return {
            "rule_set": rule_set,
            "rules": rules,
            "rows": [_row(move) for move in ordered[:SHOWN]],
            "every": ordered,
            "finding": _finding(rules, reader.as_of),
            "more": max(0, sum(rule["n"] for rule in rules) - SHOWN),
            "last_on": _last_day(reader.as_of),
            "provisional": {"rules": doubt} if doubt else {},
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return every move of the day, not only those shown."""
        if not data["rows"]:
            return None
        return table_of(
            "tier-moves",
            map(_row, data["every"].iterator(chunk_size=1000)),
            [
                ("account_id", "Account id", lambda row: row["account_id"]),
                ("account", "Account", lambda row: row["account__name"]),
                ("from", "From", lambda row: row["from_label"] or ""),
                ("to", "To", lambda row: row["tier__label"]),
                ("why", "Why", lambda row: row["why"]),
            ],
        )


def _moves(day: date) -> QuerySet[TierTenure]:
    """Return what the rules began on a day, each with the tier before it."""
    before = TierTenure.objects.filter(account=OuterRef("account"), during__endswith=day)
    since = datetime.combine(day, time.min, UTC) - WRITTEN_WITHIN
    return TierTenure.objects.filter(
        cause=TierTenure.Cause.RULE,
        during__startswith=day,
        recorded_at__gte=since,
        account__deleted_at=None,
    ).annotate(
        from_rank=Subquery(before.values("tier__rank")[:1]),
        from_slug=Subquery(before.values("tier__slug")[:1]),
        from_label=Subquery(before.values("tier__label")[:1]),
    )


def _last_day(until: date) -> date | None:
    """Return the newest day on which the rules moved anybody."""
    made = TierTenure.objects.filter(cause=TierTenure.Cause.RULE, during__startswith__lte=until)
    newest = made.order_by("-recorded_at").values_list("during", flat=True).first()
    return newest.lower if newest else None


def _row(move: Mapping[str, Any]) -> dict[str, Any]:
    reason = str(move["reason"])
    return {**move, "why": reason[:1].upper() + reason[1:]}


def _finding(rules: Sequence[Mapping[str, Any]], day: date) -> str:
    counts = {name: sum(rule[name] for rule in rules) for name in ("n", "up", "down")}
    if not counts["n"]:
        return ""
    others = counts["n"] - counts["up"] - counts["down"]
    told = [
        f"{counts['up']:,} up" if counts["up"] else "",
        f"{counts['down']:,} down" if counts["down"] else "",
        f"{others:,} into a first tier" if others else "",
    ]
    verb = f"{format_count(counts['n'], 'account')} moved on {format_date(day)}"
    return f"{verb}: {', '.join(part for part in told if part)}"
