"""What the pages about retention show, as files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings

from common.export import Table, table_of
from finance.retention.definitions import MEASURES, Choice
from finance.retention.drill import STEPS
from finance.retention.figures import Change, Retention
from finance.revenue.movements import LineMovement, Movement

Column = tuple[str, str, Any]


def series_table(read: Retention) -> Table:
    """Return the figures month by month."""
    return table_of(
        "retention-by-month",
        read.series,
        (
            ("month", "Month", lambda row: row.month),
            *_figures(),
            ("closed_at", "Published", lambda row: _closed(read, row.month, "closed_at")),
            ("entries_since", "Entered since it was published", lambda row: _entered(read, row.month)),
            ("definition", "Definition", lambda _: _words(read.asked.choice, read.asked.rates_day)),
        ),
    )


def segments_table(read: Retention) -> Table:
    """Return the figures of the last month by segment."""
    return table_of(
        f"retention-by-{read.asked.dimension}",
        read.segments,
        (
            ("key", "Key", lambda row: row.key),
            ("segment", "Segment at the start", lambda row: row.label),
            *_figures(),
            ("definition", "Definition", lambda _: _words(read.asked.choice, read.asked.rates_day)),
        ),
    )


def segment_months_table(read: Retention) -> Table:
    """Return the figures of every segment in every month."""
    return table_of(
        f"retention-by-{read.asked.dimension}-and-month",
        (row for month in read.asked.months for row in read.segments_of(month)),
        (
            ("month", "Month", lambda row: row.month),
            ("key", "Key", lambda row: row.key),
            ("segment", "Segment at the start", lambda row: row.label),
            *_figures(),
            ("definition", "Definition", lambda _: _words(read.asked.choice, read.asked.rates_day)),
        ),
    )


def bridge_table(read: Retention) -> Table:
    """Return what led from the start to the end of the last month's window."""
    moved = read.headline.moved
    return table_of(
        "retention-bridge",
        list(STEPS.items()),
        (
            ("step", "Step", lambda step: step[1]),
            ("amount", f"ARR ({settings.REPORTING_CURRENCY})", lambda step: getattr(moved, step[0])),
            ("from", "From the end of", lambda _: moved.start_day),
            ("to", "To the end of", lambda _: moved.end_day),
        ),
    )


def steps_table(steps: Sequence[tuple[str, str, Decimal]]) -> Table:
    """Return what led from the start to the end of one account."""
    return table_of(
        "retention-account-steps",
        steps,
        (
            ("step", "Step", lambda step: step[1]),
            ("amount", f"ARR ({settings.REPORTING_CURRENCY})", lambda step: step[2]),
        ),
    )


def months_table(months: Sequence[Movement]) -> Table:
    """Return the months of one account."""
    return table_of(
        "retention-account-months",
        months,
        (
            ("month", "Month", lambda row: row.month),
            *((key, label, _getter(key)) for key, label in STEPS.items()),
        ),
    )


def lines_table(lines: Sequence[LineMovement]) -> Table:
    """Return the lines of one account at both ends."""
    currency = settings.REPORTING_CURRENCY
    return table_of(
        "retention-account-lines",
        lines,
        (
            ("line_id", "Line id", lambda row: row.line_id),
            ("product", "Product", lambda row: row.product),
            ("contract_id", "Contract id", lambda row: row.contract_id),
            ("contract", "Contract", lambda row: row.contract_number),
            ("currency", "Currency", lambda row: row.currency),
            ("start_own", "ARR at the start, own currency", lambda row: row.start_own),
            ("end_own", "ARR at the end, own currency", lambda row: row.end_own),
            ("start", f"ARR at the start ({currency})", lambda row: row.start),
            ("change", f"Change but for exchange rates ({currency})", lambda row: row.change),
            ("end", f"ARR at the end ({currency})", lambda row: row.end),
        ),
    )


def _figures() -> tuple[Column, ...]:
    currency = settings.REPORTING_CURRENCY
    rates: tuple[Column, ...] = tuple(
        (measure, label, _shown(measure)) for measure, label in MEASURES.items()
    )
    moved: tuple[Column, ...] = tuple(
        (key, f"{label} ({currency})", _moved(key)) for key, label in STEPS.items()
    )
    return (
        *rates,
        *moved,
        ("gap", f"End less all that led to it ({currency})", _moved("gap")),
        ("accounts", "Accounts at the start", _moved("accounts")),
        ("lost", "Accounts lost", _moved("lost")),
        ("start_day", "From the end of", _moved("start_day")),
        ("end_day", "To the end of", _moved("end_day")),
    )


def _shown(measure: str) -> Any:
    return lambda row: row.shown[measure]


def _moved(name: str) -> Any:
    return lambda row: getattr(row.moved, name)


def _getter(key: str) -> Any:
    return lambda row: getattr(row, key)


def _closed(read: Retention, month: date, name: str) -> Any:
    change: Change | None = read.closed.get(month)
    return getattr(change, name) if change else None


def _entered(read: Retention, month: date) -> int | None:
    change = read.closed.get(month)
    return change.entries + change.rates if change else None


def _words(choice: Choice, rates_day: date) -> str:
    return f"{choice.label}. {choice.words('nrr', rates_day)}"
