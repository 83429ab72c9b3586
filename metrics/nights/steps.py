"""What one refresh did: its items with their slices summed up, and the steps of one item."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Q, Sum

from metrics.engine.retry import followers_of
from metrics.models import RefreshRun, RefreshStep
from metrics.nights.failures import Failure, causes_of, message_of
from metrics.registry import all_items


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemRow:
    """One declared item of a run: its slices summed up. ``attempts`` is the most that one of them took."""

    key: str
    label: str
    wave: int
    steps: int
    done: int
    failed: int
    begun: int
    rows: int
    seconds: float
    attempts: int
    started_at: datetime | None
    error: str
    note: str

    @property
    def state(self) -> str:
        """``failed``, ``done``, ``working`` or ``waiting``."""
        if self.failed:
            return "failed"
        if self.done == self.steps:
            return "done"
        return "working" if self.begun or self.done else "waiting"

    @property
    def failure(self) -> Failure | None:
        """What failed in words, with what to do."""
        return message_of(self.error) if self.error else None

    @property
    def causes(self) -> list[str]:
        """The items because of which it wasn't made."""
        return causes_of(self.error)


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbour:
    """An item that another one is made from, or that is made from it, with its state in the run."""

    key: str
    label: str
    state: str


def items_of(run: RefreshRun) -> list[ItemRow]:
    """Return the items of a run wave by wave; one query."""
    items = all_items()
    rows = (
        run.steps.values("wave", "key")
        .annotate(
            steps=Count("pk"),
            done=Count("pk", filter=~Q(state="queued")),
            failed=Count("pk", filter=Q(state="failed")),
            begun=Count("pk", filter=Q(state="queued", started_at__isnull=False)),
            written=Sum("rows"),
            took=Sum("seconds"),
            tries=Max("attempts"),
            began=Min("started_at"),
            said=Max("error"),
            told=Max("note"),
        )
        .order_by("wave", "key")
    )
    return [
        ItemRow(
            key=row["key"],
            label=items[row["key"]].label if row["key"] in items else row["key"],
            wave=row["wave"],
            steps=row["steps"],
            done=row["done"],
            failed=row["failed"],
            begun=row["begun"],
            rows=row["written"] or 0,
            seconds=row["took"] or 0.0,
            attempts=row["tries"],
            started_at=row["began"],
            error=row["said"],
            note=row["told"],
        )
        for row in rows
    ]


def neighbours_of(run: RefreshRun, key: str, rows: list[ItemRow]) -> tuple[list[Neighbour], list[Neighbour]]:
    """Return what an item of a run is made from, and what is made again when it is retried."""
    held = {row.key: row for row in rows}
    first = run.steps.filter(key=key).first()
    before = sorted(first.depends_on) if first is not None else []
    after = sorted(followers_of(run, key), key=lambda one: (held[one].wave, one))

    def told(one: str) -> Neighbour:
        row = held.get(one)
        return Neighbour(
            key=one if row else "", label=row.label if row else one, state=row.state if row else "missing"
        )

    return [told(one) for one in before], [told(one) for one in after]


def slices_of(run: RefreshRun, key: str) -> list[RefreshStep]:
    """Return the steps of one item, in the order of their accounts."""
    return list(run.steps.filter(key=key).select_related("retried_by").order_by("first"))
