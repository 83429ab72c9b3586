"""The board of breaches to come: how many tickets run out of time in each of the next hours, by team or by tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import Tier
from common.export import Table, table_of
from metrics.statements import Statement, load
from support.models import SupportTeam
from support.queue.asking import HOUR

SPANS = (8, 12, 24)
BY: Mapping[str, str] = {"team": "Team", "tier": "Tier"}
HOUR_LONG = timedelta(hours=1)
NOBODYS = "none"


@dataclass(frozen=True, slots=True)
class Cell:
    """The tickets of one row that run out of time in one hour; ``arr`` is that of their accounts, each once."""

    count: int
    arr: Decimal
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """A team or a tier with its cells in the order of the hours; ``over`` are those that are out of time already."""

    label: str
    over: Cell
    cells: Sequence[Cell]
    whole: Cell


@dataclass(frozen=True, slots=True)
class Board:
    """The rows, the hours that begin each column, and what they hold together.

    The first hour is the rest of the one that runs. ``whole`` counts the hours to come, without what is over.
    """

    hours: Sequence[datetime]
    rows: Sequence[Row]
    totals: Row
    by: str


def read_board(now: datetime, *, hours: int, by: str) -> Board:
    """Return the board of the next ``hours`` hours by ``team`` or ``tier``; three queries."""
    first = now.replace(minute=0, second=0, microsecond=0)
    starts = [first + place * HOUR_LONG for place in range(hours)]
    until = first + hours * HOUR_LONG
    group = Statement("place.team_id" if by == "team" else "standing.tier_id")
    found = load("support", "queue_board", group=group, now=now, until=until).fetch()
    held: dict[tuple[int | None, datetime | None, str], tuple[int, Decimal]] = {
        (key, hour, kind): (count, arr) for key, hour, kind, count, arr in found
    }
    named = _groups(by)
    rows = [_row(held, key, label, value, starts, by) for key, label, value in named]
    totals = _row(held, 0, "All", "", starts, by)
    return Board(starts, [row for row in rows if row.over.count or row.whole.count], totals, by)


def _groups(by: str) -> list[tuple[int | None, str, str]]:
    """Return the key, the label, and the value of the filter of each row."""
    if by == "team":
        teams = SupportTeam.objects.order_by("is_general", "name")
        return [*((one.pk, one.name, str(one.pk)) for one in teams), (None, "No team", NOBODYS)]
    tiers = Tier.objects.order_by("rank")
    return [*((one.pk, one.label, one.slug) for one in tiers), (None, "No tier", NOBODYS)]


def _row(
    held: Mapping[tuple[int | None, datetime | None, str], tuple[int, Decimal]],
    key: int | None,
    label: str,
    value: str,
    starts: Sequence[datetime],
    by: str,
) -> Row:
    own = {by: value} if value else {}

    def cell(hour: datetime | None, kind: str, which: Mapping[str, str]) -> Cell:
        count, arr = held.get((key, hour, kind), (0, Decimal(0)))
        return Cell(count, arr, f"{reverse('support:queue')}?{urlencode(own | dict(which))}")

    return Row(
        label,
        cell(None, "over", {"state": "over"}),
        [cell(hour, "hour", {"hour": f"{hour:{HOUR}}"}) for hour in starts],
        cell(None, "whole", {}),
    )


def board_table(board: Board, currency: str, *, has_money: bool) -> Table:
    """Return the board for a file: a line for each row and hour that holds anything."""
    lines = [
        (row, hour, cell)
        for row in board.rows
        for hour, cell in ((None, row.over), *zip(board.hours, row.cells, strict=True))
        if cell.count
    ]
    columns: list[tuple[str, str, Any]] = [
        (board.by, BY[board.by], lambda line: line[0].label),
        ("hour", "Due in the hour from", lambda line: line[1] or "Out of time"),
        ("tickets", "Tickets", lambda line: line[2].count),
    ]
    if has_money:
        columns.append(("arr", f"ARR ({currency})", lambda line: line[2].arr))
    return table_of("support-board", lines, columns)


def hour_words(hour: datetime) -> str:
    """Return an hour as the head of a column, in the reader's zone."""
    return f"{timezone.localtime(hour):%H:%M}"
