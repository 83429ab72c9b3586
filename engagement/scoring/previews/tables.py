"""The accounts of a preview with the rules that make the difference, for pages and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Abs

from common.export import Offer, Table, table_of
from engagement.models import ScorePreview, ScorePreviewRow
from engagement.scoring.previews.work import MARK
from engagement.scoring.words import points_words

AT_ONCE = 500
MOST_REASONS = 3
WAYS = {"up": "Rises", "down": "Falls", "over": f"Reaches {MARK}", "under": f"Drops below {MARK}"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """What one rule gives more or less than before."""

    name: str
    change: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Mover:
    """An account whose score would change, and by which rules, the largest change first."""

    account_id: int
    name: str
    before: Decimal
    after: Decimal
    reasons: Sequence[Reason]

    @property
    def change(self) -> Decimal:
        """Points up or down."""
        return self.after - self.before


def rows_of(run: ScorePreview, way: str = "") -> QuerySet[ScorePreviewRow]:
    """Return the accounts whose score would change, the largest change first; ``way`` is one of WAYS."""
    rows = ScorePreviewRow.objects.filter(run=run)
    if way == "up":
        rows = rows.filter(after__gt=F("before"))
    elif way == "down":
        rows = rows.filter(after__lt=F("before"))
    elif way == "over":
        rows = rows.filter(before__lt=MARK, after__gte=MARK)
    elif way == "under":
        rows = rows.filter(before__gte=MARK, after__lt=MARK)
    else:
        rows = rows.exclude(after=F("before"))
    return rows.select_related("account").order_by(Abs(F("after") - F("before")).desc(), "account_id")


def told(run: ScorePreview, rows: Iterable[ScorePreviewRow]) -> Iterator[Mover]:
    """Yield rows with the rules by which they differ."""
    names = [{int(place): name for place, name in side.items()} for side in run.names]
    for row in rows:
        yield Mover(
            account_id=row.account_id,
            name=row.account.name,
            before=row.before,
            after=row.after,
            reasons=_reasons(row.parts or (), names),
        )


def _reasons(parts: Sequence[Any], names: Sequence[Mapping[int, str]]) -> list[Reason]:
    changes: dict[str, Decimal] = {}
    for is_after, position, points in parts:
        name = names[is_after].get(position, "")
        changes[name] = changes.get(name, Decimal(0)) + Decimal(str(points)) * (1 if is_after else -1)
    found = [
        Reason(name=name, change=round(change, 2)) for name, change in changes.items() if round(change, 1)
    ]
    found.sort(key=lambda reason: (-abs(reason.change), reason.name))
    return found[:MOST_REASONS]


def offers_of(run: ScorePreview, way: str = "") -> list[Offer]:
    """Return the lists of a preview's page."""
    return [Offer("movers", "Accounts whose score changes", lambda: _movers_table(run, way))]


def _movers_table(run: ScorePreview, way: str) -> Table:
    return table_of(
        f"{run.model.kind}-model-{run.model.version}-movers",
        told(run, rows_of(run, way).iterator(chunk_size=AT_ONCE)),
        [
            ("account_id", "Account id", lambda mover: mover.account_id),
            ("account", "Account", lambda mover: mover.name),
            ("before", "Now", lambda mover: mover.before),
            ("after", "Then", lambda mover: mover.after),
            ("change", "Change", lambda mover: mover.change),
            (
                "reasons",
                "Because",
                lambda mover: [f"{reason.name} {points_words(reason.change)}" for reason in mover.reasons],
            ),
        ],
    )
