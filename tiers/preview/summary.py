"""What a preview comes to: sums over accounts, told once and kept with the run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from accounts.models import Tier
from metrics.models import RefreshRun
from metrics.registry import metrics
from metrics.statements import load
from tiers.entitlements.registry import kinds
from tiers.entitlements.tables import ValueTable, changes_between, table_in_force, table_of
from tiers.models import PreviewRun
from tiers.preview.judging import TICKETS

FIRST_RESPONSE = "first_response"
ROLES = "pod_roles"
# Held by an override, or not approved: the account stays where it is.
HELD = frozenset({"override", "refused", "stays"})


def summary_of(run: PreviewRun, days: Sequence[date]) -> dict[str, Any]:
    """Return the summary of a run whose slices are all done; ``days`` are those that its replay looked at.

    What changes for support, pods and terms is told as it will be once every wait is over. Money is text in the
    reporting currency.
    """
    tiers = {tier.pk: tier for tier in Tier.objects.all()}
    sums = _sums(run)
    now, then = table_in_force(run.as_of), table_of(run.rule_set)
    ends = [(one, tiers.get(one["from_tier"]), tiers.get(_ends_in(one) or 0)) for one in sums]
    return {
        "accounts": sum(one["accounts"] for one in sums),
        "near": sum(one["near"] for one in sums),
        "moves": _moves(sums, tiers),
        "tiers": _tiers(ends, tiers),
        "load": _load(ends, now, then),
        "roles": _roles(ends, now, then),
        "terms": _terms(ends, now, then),
        "months": _months(run, days),
        "repeated": _repeated(run),
        "replay_from": days[0].isoformat() if len(days) > 1 else None,
        "numbers_on": _iso(RefreshRun.objects.finished().newest_day(until=run.as_of)),
        "has_tickets": metrics.get(TICKETS) is not None,
    }


def _sums(run: PreviewRun) -> list[dict[str, Any]]:
    found: Any = run.sums.values("outcome", "from_tier", "to_tier", "direction").order_by()
    return list(
        found.annotate(accounts=Sum("accounts"), near=Sum("near"), arr=Sum("arr"), tickets=Sum("tickets"))
    )


def _ends_in(one: dict[str, Any]) -> int | None:
    """Return the tier in which accounts end, once every wait is over."""
    found: int | None = one["from_tier"] if one["outcome"] in HELD else one["to_tier"]
    return found


def _moves(sums: list[dict[str, Any]], tiers: dict[int, Tier]) -> list[dict[str, Any]]:
    last = len(tiers)
    ranked = sorted(
        (one for one in sums if one["outcome"] != "stays"),
        key=lambda one: (
            -one["direction"],
            tiers[one["from_tier"]].rank if one["from_tier"] in tiers else last,
            tiers[one["to_tier"]].rank if one["to_tier"] in tiers else last,
            one["outcome"],
        ),
    )
    return [
        {
            "from": _slug(tiers.get(one["from_tier"])),
            "to": _slug(tiers.get(one["to_tier"])),
            "direction": one["direction"],
            "outcome": one["outcome"],
            "accounts": one["accounts"],
            "arr": _text(one["arr"]),
        }
        for one in ranked
    ]


Ends = list[tuple[dict[str, Any], Tier | None, Tier | None]]


def _tiers(ends: Ends, tiers: dict[int, Tier]) -> list[dict[str, Any]]:
    """Return accounts and ARR of each tier before and after."""
    found = []
    for tier in tiers.values():
        before = [one for one, was, _ in ends if was == tier]
        after = [one for one, _, ends_in in ends if ends_in == tier]
        found.append(
            {
                "tier": tier.slug,
                "before": sum(one["accounts"] for one in before),
                "after": sum(one["accounts"] for one in after),
                "arr_before": _text(sum((one["arr"] for one in before), Decimal(0))),
                "arr_after": _text(sum((one["arr"] for one in after), Decimal(0))),
            }
        )
    return found


def _load(ends: Ends, now: ValueTable, then: ValueTable) -> list[dict[str, Any]]:
    """Return the tickets of 90 days by the time in which tiers promise a first answer, the shortest first."""
    kind = kinds.get(FIRST_RESPONSE)
    if kind is None:
        return []
    before: dict[Any, Decimal] = defaultdict(Decimal)
    after: dict[Any, Decimal] = defaultdict(Decimal)
    for one, was, ends_in in ends:
        before[now.value(kind, was)] += one["tickets"]
        after[then.value(kind, ends_in)] += one["tickets"]
    return [
        {"class": kind.words(value), "before": int(before[value]), "after": int(after[value])}
        for value in sorted({*before, *after})
        if before[value] or after[value]
    ]


def _roles(ends: Ends, now: ValueTable, then: ValueTable) -> list[dict[str, Any]]:
    """Return how many accounts need each role in their pod."""
    kind = kinds.get(ROLES)
    if kind is None:
        return []
    before: dict[str, int] = defaultdict(int)
    after: dict[str, int] = defaultdict(int)
    for one, was, ends_in in ends:
        for role in now.value(kind, was) if was else ():
            before[role] += one["accounts"]
        for role in then.value(kind, ends_in) if ends_in else ():
            after[role] += one["accounts"]
    return [
        {"role": kind.words([role]), "before": before[role], "after": after[role]}
        for role in {**before, **after}
    ]


def _terms(ends: Ends, now: ValueTable, then: ValueTable) -> list[dict[str, Any]]:
    """Return in words what accounts gain or lose, by the tiers between which they go."""
    grouped: dict[tuple[Tier | None, Tier], list[dict[str, Any]]] = defaultdict(list)
    for one, was, ends_in in ends:
        if ends_in is not None:
            grouped[was, ends_in].append(one)
    found = []
    for (was, ends_in), ones in sorted(
        grouped.items(), key=lambda pair: (pair[0][1].rank, pair[0][0].rank if pair[0][0] else 0)
    ):
        words = changes_between((now, was), (then, ends_in)) if was is not None else []
        if words:
            found.append(
                {
                    "from": _slug(was),
                    "to": ends_in.slug,
                    "accounts": sum(one["accounts"] for one in ones),
                    "arr": _text(sum((one["arr"] for one in ones), Decimal(0))),
                    "words": words,
                }
            )
    return found


def _months(run: PreviewRun, days: Sequence[date]) -> list[dict[str, Any]]:
    if len(days) < 2:
        return []
    first = days[1] + timedelta(days=1)
    rows = load(
        "tiers", "replayed_months", run=run.pk, first=first, last=run.on.replace(day=1), until=run.on
    ).fetch_dicts()
    return [{**row, "month": row["month"].isoformat()} for row in rows]


def _repeated(run: PreviewRun) -> int:
    """Return how many accounts would have moved more than once."""
    moved = run.replayed.values("account").order_by().annotate(moves=Count("pk"))
    return moved.filter(moves__gt=1).count()


def _slug(tier: Tier | None) -> str:
    return tier.slug if tier else ""


def _text(amount: Decimal) -> str:
    return format(amount.quantize(Decimal("0.01")), "f")


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
