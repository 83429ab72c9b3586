"""Closed months as lists: what each was published with, what was restated, and what closing one would publish."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Min

from common.export import Table, table_of
from common.periods import add_months
from finance.models import RevenueClose, RevenueEntry, RevenueToRecompute
from finance.retention.asking import last_whole_month
from finance.retention.definitions import add_up
from finance.retention.figures import Change, closed_months
from finance.revenue.movements import Movement, movements_over
from finance.revenue.publication import Restatement, closed_at
from finance.revenue.windows import Window, monthly_windows
from metrics.engine.plan import today

MOST_SHOWN = 200
EVER = date(1990, 1, 1)


@dataclass(frozen=True, kw_only=True)
class ClosedMonth:
    """One closed month: who closed it, and what was entered of it since."""

    month: date
    closed_at: datetime
    by: str
    change: Change

    @property
    def key(self) -> str:
        """The month as an address has it."""
        return f"{self.month:%Y-%m}"


@dataclass(frozen=True, kw_only=True)
class Told:
    """ARR at the end of a month as it was published and as it is known now."""

    closed_at: datetime
    published: Decimal
    restated: Decimal


@dataclass(frozen=True, kw_only=True)
class CloseEffect:
    """What closing up to a month would publish; ``waiting`` accounts are entered first, so figures may still move."""

    moved: Movement
    waiting: int


def list_months(as_of: date | None = None) -> list[ClosedMonth]:
    """Return the closed months, up to those that had ended by a day, the newest first; two queries."""
    changes = closed_months(EVER, last_whole_month(as_of) if as_of else today())
    closes = RevenueClose.objects.select_related("by").order_by("-month")
    return [
        ClosedMonth(
            month=close.month,
            closed_at=close.closed_at,
            by=str(close.by) if close.by else "The nightly refresh",
            change=changes[close.month],
        )
        for close in closes
        if close.month in changes
    ]


def closable_months() -> list[date]:
    """Return the months that have ended and are still open, the oldest first; closing one closes those before it."""
    last = RevenueClose.objects.order_by("-month").values_list("month", flat=True).first()
    if last is None:
        begun = RevenueEntry.objects.aggregate(first=Min("on"))["first"]
        if begun is None:
            return []
        last = add_months(begun, -1)
    ended = last_whole_month(today() - timedelta(days=1))
    count = (ended.year - last.year) * 12 + ended.month - last.month
    return [add_months(last, step) for step in range(1, count + 1)]


def close_effect(month: date) -> CloseEffect:
    """Return what a month would be published with, as far as the ledger knows now."""
    return CloseEffect(moved=_month(month, None), waiting=RevenueToRecompute.objects.count())


def told_month(month: date) -> Told:
    """Return both figures of a closed month."""
    at = closed_at(month)
    assert at is not None
    return Told(closed_at=at, published=_month(month, at).end, restated=_month(month, None).end)


def months_table(months: Iterable[ClosedMonth]) -> Table:
    """Return the closed months, as a file."""
    return table_of(
        "revenue-months",
        months,
        (
            ("month", "Month", lambda row: row.month),
            ("closed_at", "Published", lambda row: row.closed_at),
            ("by", "By", lambda row: row.by),
            ("entries", "Entries since", lambda row: row.change.entries),
            ("rates", "Exchange rates changed since", lambda row: row.change.rates),
        ),
    )


def restated_table(month: date, rows: Sequence[Restatement]) -> Table:
    """Return what restates a month, as a file."""
    return table_of(
        f"restated-{month:%Y-%m}",
        rows,
        (
            ("account_id", "Account id", lambda row: row.account_id),
            ("account", "Account", lambda row: row.account_name),
            ("contract", "Contract", lambda row: row.contract_number),
            ("line_id", "Line id", lambda row: row.line_id),
            ("product", "Product", lambda row: row.product),
            ("cause", "Why", lambda row: row.why),
            ("recorded_at", "Entered", lambda row: row.recorded_at),
            ("source", "Source", lambda row: row.source),
            ("batch_id", "Batch", lambda row: row.batch_id),
            ("currency", "Currency", lambda row: row.currency),
            ("change_own", "Change in own currency", lambda row: row.change_own),
            ("change", f"Change ({settings.REPORTING_CURRENCY})", lambda row: row.change),
        ),
    )


def _month(month: date, known_at: datetime | None) -> Movement:
    (window,) = monthly_windows(month, month)
    rows = movements_over([Window(window.start, window.end, known_at)])
    return rows[0] if rows else add_up([], window)
