"""What a preview found, as its page and its files tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

from common.export import Table, table_of
from support.models import Outcome, PolicyPreview, PolicyPreviewRow, Priority, SlaMetric
from tiers.entitlements.values import DAY, minutes_in_words

NO_TIER = "No tier yet"
# By its name in the address: a heading, and which rows it lists.
WAYS: Mapping[str, tuple[str, Q]] = {
    "missed": ("Newly missed", Q(after=Outcome.MISSED) & ~Q(before=Outcome.MISSED)),
    "rescued": ("No longer missed", Q(before=Outcome.MISSED) & ~Q(after=Outcome.MISSED)),
    "promised": ("Newly promised", Q(before=Outcome.NONE)),
    "dropped": ("No longer promised", Q(after=Outcome.NONE)),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How many clocks of some kind would end how: by the version in force, and by the one that is previewed."""

    metric: str
    tier: str
    priority: str
    before: Mapping[str, int]
    after: Mapping[str, int]

    @property
    def share_before(self) -> float | None:
        """How many of those that are decided are met by the version in force; None where none is."""
        return _share(self.before)

    @property
    def share_after(self) -> float | None:
        """The same by the version that is previewed."""
        return _share(self.after)


def _share(counts: Mapping[str, int]) -> float | None:
    decided = counts[Outcome.MET] + counts[Outcome.MISSED]
    return counts[Outcome.MET] / decided if decided else None


def by_metric(run: PolicyPreview) -> list[Tally]:
    """Return the tallies of whole metrics, those with any clock."""
    return _tallies(run, lambda one: (one["metric"],))


def by_tier_and_priority(run: PolicyPreview) -> list[Tally]:
    """Return the tallies by metric, tier (the highest first, accounts without one last) and priority."""
    return _tallies(run, lambda one: (one["metric"], one["tier__rank"], one["tier__label"], one["priority"]))


def _tallies(run: PolicyPreview, key: Any) -> list[Tally]:
    sums: dict[Any, tuple[dict[str, int], dict[str, int]]] = {}
    for one in (run.summary or {}).get("counts", ()):
        sides = sums.setdefault(key(one), (_zero(), _zero()))
        for side, counts in zip(("before", "after"), sides, strict=True):
            counts[one[side]] += one["clocks"]
    metrics, priorities = SlaMetric.values, Priority.values
    found = []
    for held, (before, after) in sums.items():
        metric, rank, label, priority = (*held, None, None, None)[:4]
        place = (
            metrics.index(metric),
            rank is None,
            rank or 0,
            priorities.index(priority) if priority else 0,
        )
        tally = Tally(
            metric=str(SlaMetric(metric).label),
            tier=label or NO_TIER,
            priority=str(Priority(priority).label) if priority else "",
            before=before,
            after=after,
        )
        found.append((place, tally))
    return [tally for _, tally in sorted(found, key=lambda pair: pair[0])]


def _zero() -> dict[str, int]:
    return dict.fromkeys(Outcome.values, 0)


def changed_rows(run: PolicyPreview, way: str) -> QuerySet[PolicyPreviewRow]:
    """Return the clocks that end otherwise, the worst newly missed first; ``way`` names which of them."""
    rows = PolicyPreviewRow.objects.filter(run=run).exclude(before=F("after"))
    if way in WAYS:
        rows = rows.filter(WAYS[way][1])
    related = rows.select_related("ticket__account", "tier")
    return related.order_by(F("late_minutes").desc(nulls_last=True), "ticket_id", "metric", "cycle")


def tallies_table(run: PolicyPreview, name: str) -> Table:
    """Return the tallies by metric, tier and priority for a file."""
    sides = (("before", "now"), ("after", "then"))
    columns: list[tuple[str, str, Any]] = [
        ("metric", "Metric", lambda one: one.metric),
        ("tier", "Tier", lambda one: one.tier),
        ("priority", "Priority", lambda one: one.priority),
    ]
    for side, when in sides:
        columns += [
            (f"{outcome}_{when}", f"{Outcome(outcome).label} {when}", _count(side, outcome))
            for outcome in Outcome.values
        ]
    return table_of(f"{name}-counts", by_tier_and_priority(run), columns)


def _count(side: str, outcome: str) -> Any:
    return lambda one: getattr(one, side)[outcome]


def changed_table(rows: Iterable[PolicyPreviewRow], name: str) -> Table:
    """Return the clocks that end otherwise for a file."""
    return table_of(
        f"{name}-tickets",
        rows,
        (
            ("ticket", "Ticket", lambda one: one.ticket.subject),
            ("account", "Account", lambda one: one.ticket.account.name),
            ("metric", "Metric", lambda one: str(one.get_metric_display())),
            ("cycle", "Time", lambda one: one.cycle),
            ("tier", "Tier", lambda one: one.tier.label if one.tier else NO_TIER),
            ("priority", "Priority", lambda one: str(one.get_priority_display())),
            ("before", "Now", lambda one: str(one.get_before_display())),
            ("after", "Then", lambda one: str(one.get_after_display())),
            ("late_minutes", "Late by minutes", lambda one: one.late_minutes),
        ),
    )


def late_words(row: PolicyPreviewRow) -> str:
    """Say by how much a target is missed, in whole days from two on; empty where it isn't."""
    if row.late_minutes is None:
        return ""
    days = row.late_minutes // DAY
    return f"{days} days" if days > 1 else minutes_in_words(row.late_minutes)


def shown_rows(rows: Sequence[PolicyPreviewRow]) -> list[tuple[PolicyPreviewRow, str]]:
    """Return rows with by how much they are late in words."""
    return [(one, late_words(one)) for one in rows]
