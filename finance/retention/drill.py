"""From a bar to its accounts, from an account to its months and contract lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from common.export import Table, table_of
from finance.retention.asking import Asked
from finance.retention.reading import placed_by, read_path
from finance.revenue.movements import (
    MEMBERS,
    LineMovement,
    Movement,
    account_movements_over,
    line_movements,
)
from finance.revenue.windows import Window, as_published
from metrics.statements import Statement, load

STEPS: dict[str, str] = {
    "start": "ARR at the start",
    "fx": "Exchange rates",
    "new": "New",
    "expansion": "Expansion",
    "reactivation": "Reactivation",
    "contraction": "Contraction",
    "churn": "Churn",
    "end": "ARR at the end",
}
DOWN = frozenset({"contraction", "churn"})
PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Behind:
    """One account behind a bar."""

    account_id: int
    name: str
    amount: Decimal
    start: Decimal
    fx: Decimal
    new: Decimal
    expansion: Decimal
    reactivation: Decimal
    contraction: Decimal
    churn: Decimal
    end: Decimal


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One page of the accounts behind a bar; ``whole`` is what all of them add up to, as the bar says.

    ``sums`` are those of every step over all accounts behind the bar, not only those of the page.
    """

    step: str
    rows: Sequence[Behind]
    found: int
    whole: Decimal
    page: int
    sums: Mapping[str, Decimal]

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.found // PAGE))


@dataclass(frozen=True, kw_only=True)
class Inside:
    """An account within the window: its movement as the definition counts it, its months, and its lines.

    ``moved`` is None without revenue, and without a rate for some of it. Lines are rounded one by one, so they may
    differ from the account by cents at either end: ``start_rounding`` and ``end_rounding``.
    """

    moved: Movement | None
    months: Sequence[Movement]
    lines: Sequence[LineMovement]

    @property
    def start_rounding(self) -> Decimal:
        """What the lines leave of the account's start."""
        return self._rounding("start")

    @property
    def end_rounding(self) -> Decimal:
        """What the lines leave of the account's end."""
        return self._rounding("end")

    def _rounding(self, end: str) -> Decimal:
        if self.moved is None:
            return Decimal(0)
        summed = sum((getattr(line, end) or Decimal(0) for line in self.lines), Decimal(0))
        return Decimal(getattr(self.moved, end)) - summed

    @property
    def steps(self) -> list[tuple[str, str, Decimal]]:
        """The account's part of each step, as key, label and amount; those that are zero are left out."""
        return [
            (key, label, getattr(self.moved, key))
            for key, label in STEPS.items()
            if key in ("start", "end") or getattr(self.moved, key)
        ]

    @property
    def lowest(self) -> Decimal:
        """The least ARR at the end of a month."""
        return min((each.end for each in self.months), default=Decimal(0))


def window_of(asked: Asked) -> Window:
    """Return what the bridge spans: the last term of the last month, as known when the choice says."""
    window = asked.choice.definition.terms(asked.last, until=asked.until)[-1]
    return as_published([window])[0] if asked.choice.is_published else window


def read_bar(asked: Asked, step: str, page: int = 1) -> Bar:
    """Read one page of the accounts behind a bar, the largest first; one query over the ledger."""
    found = _read(asked, step, PAGE, (page - 1) * PAGE)
    if not found and page > 1:
        return read_bar(asked, step)
    return Bar(
        step=step,
        rows=[_behind(row) for row in found],
        found=found[0]["found"] if found else 0,
        whole=found[0]["whole"] if found else Decimal(0),
        page=page,
        sums={key: found[0][f"all_{key}"] if found else Decimal(0) for key in STEPS},
    )


def bar_table(asked: Asked, step: str) -> Table:
    """Return all accounts behind a bar, as a file."""
    return table_of(
        f"retention-{step}",
        _all(asked, step),
        (
            ("account_id", "Account id", lambda row: row.account_id),
            ("account", "Account", lambda row: row.name),
            *((key, label, _getter(key)) for key, label in STEPS.items()),
        ),
    )


def read_inside(asked: Asked, account_id: int) -> Inside:
    """Read one account in the window; four queries over its own entries."""
    window = window_of(asked)
    constant = asked.choice.constant_currency
    months = read_path(
        [account_id], window, rates_day=asked.rates_day, constant_currency=constant, known_at=window.known_at
    ).get(account_id, [])
    lines = line_movements(
        account_id,
        window,
        rates_day=asked.rates_day if constant else None,
        constant_currency=constant,
    )
    found = account_movements_over(
        [window], accounts=[account_id], rates_day=asked.rates_day, constant_currency=constant
    )
    moved = next(iter(found), None)
    if moved is not None and asked.choice.definition.is_flow:
        moved = _summed(moved, months)
    return Inside(moved=moved, months=months, lines=lines)


def movements_of(moved: Movement) -> list[tuple[str, Decimal]]:
    """Return what moved within a row, as label and signed amount."""
    return [
        (label, -getattr(moved, key) if key in DOWN else getattr(moved, key))
        for key, label in STEPS.items()
        if key not in ("start", "end") and getattr(moved, key)
    ]


def _summed(moved: Movement, months: Sequence[Movement]) -> Movement | None:
    """Return what months add up to between both ends; None where a rate was missing in one, as in every flow."""
    kinds = ("fx", "new", "expansion", "reactivation", "contraction", "churn")
    summed: dict[str, Any] = {
        kind: sum((getattr(each, kind) for each in months), Decimal(0)) for kind in kinds
    }
    flow = replace(moved, **summed)
    return None if flow.gap else flow


def _all(asked: Asked, step: str) -> Iterator[Behind]:
    for row in _read(asked, step, None, 0):
        yield _behind(row)


def _read(asked: Asked, step: str, limit: int | None, offset: int) -> list[dict[str, Any]]:
    window = asked.choice.definition.terms(asked.last, until=asked.until)[-1]
    (placed,) = placed_by(asked.choice, [window], rates_day=asked.rates_day)
    return load(
        "finance",
        "retention_accounts",
        placed=placed,
        member=MEMBERS[asked.dimension],
        wanted=asked.member,
        amount=Statement(f"placed.{step}_arr"),
        limit=limit,
        offset=offset,
    ).fetch_dicts()


def _behind(row: dict[str, Any]) -> Behind:
    return Behind(
        **{
            key: value
            for key, value in row.items()
            if key not in ("found", "whole") and not key.startswith("all_")
        }
    )


def _getter(key: str) -> Any:
    return lambda row: getattr(row, key)
