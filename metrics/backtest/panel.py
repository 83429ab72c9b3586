"""Month-ends of accounts as arrays of whole numbers: some fifty bytes a row, read and packed slice by slice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any

from django.db import connection

from metrics.backtest.calendar import Look
from metrics.health.score import REVENUE, members_of, scored_by
from metrics.models import HealthModel
from metrics.statements import Statement, compose, load

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Whole = NDArray[np.integer[Any]]
    Marks = NDArray[np.bool_]

USAGE = "product.usage_events_30d"
# Rates of exchange move what is paid in other currencies; a fall by less than this is no contraction.
CONTRACTION_FROM = Decimal("0.05")
KEPT, CONTRACTED, CHURNED, UNKNOWN = 0, 1, 2, -1
NEXT = 0
NO_SCORE = -1


@dataclass(frozen=True, slots=True)
class Panel:
    """Rows of accounts and month-ends. ``scores`` and ``points`` are tenths, ``arr`` cents, ``months`` days by ordinal.

    ``outcomes`` has a column for the next month-end and one for each window; ``points`` one for each component.
    """

    months: Whole
    accounts: Whole
    scores: Whole
    tiers: Whole
    usage: Whole
    arr: Whole
    outcomes: Whole
    points: Whole

    def __len__(self) -> int:
        return len(self.accounts)

    def where(self, marks: Marks) -> Panel:
        """Return some of the rows."""
        return Panel(*(getattr(self, name)[marks] for name in COLUMNS))


COLUMNS = ("months", "accounts", "scores", "tiers", "usage", "arr", "outcomes", "points")


def read_part(
    model: HealthModel, in_force: Sequence[HealthModel], look: Look, first: int, last: int
) -> Panel:
    """Score a slice of accounts on a month-end, with what came of each. Raises as ``scored_by`` does."""
    import numpy as np
    import pandas as pd

    parts = len(model.components.all())
    ends = (look.next_on, *look.ends)
    statement = _part(model, in_force, look.as_of, ends, parts, first, last)
    buffer = BytesIO()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY ({statement.sql}) TO STDOUT (FORMAT csv)", statement.params) as copy,
    ):
        for data in copy:
            buffer.write(data)
    if not buffer.tell():
        return _empty(len(ends), parts)
    buffer.seek(0)
    kinds = {0: np.int64, 1: np.int16, 2: np.int16, 3: np.int64, 4: np.int64}
    kinds |= dict.fromkeys(range(5, 5 + len(ends)), np.int8)
    kinds |= dict.fromkeys(range(5 + len(ends), 5 + len(ends) + parts), np.int16)
    rows = pd.read_csv(buffer, header=None, dtype=kinds)
    columns = [rows[place].to_numpy() for place in rows]
    return Panel(
        months=np.full(len(rows), look.as_of.toordinal(), dtype=np.int32),
        accounts=columns[0],
        scores=columns[1],
        tiers=columns[2],
        usage=columns[3],
        arr=columns[4],
        outcomes=np.column_stack(columns[5 : 5 + len(ends)]),
        points=np.column_stack(columns[5 + len(ends) :]),
    )


def pack(panel: Panel) -> bytes:
    """Return a panel as bytes."""
    import numpy as np

    buffer = BytesIO()
    np.savez(buffer, **{name: getattr(panel, name) for name in COLUMNS})
    return buffer.getvalue()


def unpack(parts: Iterable[bytes | memoryview]) -> Panel:
    """Return packed panels as one."""
    import numpy as np

    held: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for part in parts:
        with np.load(BytesIO(bytes(part)), allow_pickle=False) as arrays:
            for name in COLUMNS:
                held[name].append(arrays[name])
    return Panel(*(np.concatenate(held.pop(name)) for name in COLUMNS))


def _empty(outcomes: int, parts: int) -> Panel:
    import numpy as np

    none = np.empty(0, dtype=np.int64)
    return Panel(
        months=np.empty(0, dtype=np.int32),
        accounts=none,
        scores=np.empty(0, dtype=np.int16),
        tiers=np.empty(0, dtype=np.int16),
        usage=none,
        arr=none,
        outcomes=np.empty((0, outcomes), dtype=np.int8),
        points=np.empty((0, parts), dtype=np.int16),
    )


def _part(
    model: HealthModel,
    in_force: Sequence[HealthModel],
    as_of: date,
    ends: Sequence[date | None],
    parts: int,
    first: int,
    last: int,
) -> Statement:
    members = load(
        "metrics",
        "backtest_members",
        members=members_of(model, in_force, as_of, first, last),
        revenue=REVENUE,
        as_of=as_of,
        first=first,
        last=last,
    )
    return load(
        "metrics",
        "backtest_part",
        scored=scored_by(model, as_of, first, last, members=members),
        later=_later(ends, first, last),
        outcomes=_joined(_outcome(place, end) for place, end in enumerate(ends)),
        points=_joined(
            Statement(f"coalesce((scored.points[{place}] * 10)::integer, {NO_SCORE})")
            for place in range(1, parts + 1)
        ),
        revenue=REVENUE,
        usage=USAGE,
        as_of=as_of,
    )


def _later(ends: Sequence[date | None], first: int, last: int) -> Statement:
    """Return what accounts paid on the days that close windows, a column for each."""
    columns = [
        compose(f"max(value) FILTER (WHERE as_of = {{day}}::date) AS paid_{place}", day=day)
        for place, day in enumerate(ends)
    ]
    return compose(
        "SELECT account_id, {columns} FROM metrics_metricvalue "
        "WHERE key = {revenue} AND as_of = ANY({days}::date[]) AND account_id BETWEEN {first} AND {last} "
        "GROUP BY account_id",
        columns=_joined(columns),
        revenue=REVENUE,
        days=[day for day in ends if day is not None],
        first=first,
        last=last,
    )


def _outcome(place: int, end: date | None) -> Statement:
    if end is None:
        return Statement(str(UNKNOWN))
    return compose(
        f"CASE WHEN coalesce(later.paid_{place}, 0) <= 0 THEN {CHURNED} "
        f"WHEN later.paid_{place} <= revenue.value * {{kept}} THEN {CONTRACTED} ELSE {KEPT} END",
        kept=1 - CONTRACTION_FROM,
    )


def _joined(statements: Iterable[Statement]) -> Statement:
    held = list(statements)
    return Statement(
        ", ".join(statement.sql for statement in held),
        tuple(param for statement in held for param in statement.params),
    )
