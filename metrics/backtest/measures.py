"""Measures of how well an order of accounts tells who is lost: exact, over counts by score instead of sorted rows.

The area under the curve (AUC) is the chance that somebody who was lost had a lower score than somebody who stayed, a
tie counting half (Mann and Whitney 1947; Hanley and McNeil 1982). Scores are kept to a tenth, so counts by tenth lose
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Whole = NDArray[np.integer[Any]]
    Real = NDArray[np.floating[Any]]
    Marks = NDArray[np.bool_]

DRAWS = 300
# So many redrawn sets of accounts are held at once: 50,000 accounts are 5 MB.
AT_ONCE = 25
INNER = (2.5, 97.5)
DECILES = 10
CURVE_POINTS = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Decile:
    """A tenth of the rows in order of score: ``least`` and ``most`` in tenths of a point."""

    least: int
    most: int
    rows: int
    events: int


def ranks(values: Whole) -> Whole:
    """Return values as places in their order, equal ones at the same place, from 0."""
    import numpy as np

    return np.unique(values, return_inverse=True)[1]


def auc(places: Whole, events: Marks) -> float | None:
    """Return how often an event lies lower than another row; None without both kinds."""
    import numpy as np

    if not len(places):
        return None
    size = int(places.max()) + 1
    hit = np.bincount(places[events], minlength=size).astype(float)
    missed = np.bincount(places[~events], minlength=size).astype(float)
    return float(_areas(hit[:, None], missed[:, None])[0]) if hit.any() and missed.any() else None


def redrawn(
    orders: Sequence[Whole], events: Marks, accounts: Whole, *, seed: int, draws: int = DRAWS
) -> Real:
    """Return the AUC of each order over sets of accounts drawn with replacement, ``(orders, draws)``.

    Accounts are drawn with all of their month-ends (cluster bootstrap; Field and Welsh 2007), since the month-ends of
    one account say much the same. All orders see the same sets, so that differences may be taken. Draws without both
    kinds of rows are nan.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    clusters = ranks(accounts)
    count = int(clusters.max()) + 1
    tables = []
    for places in orders:
        size = int(places.max()) + 1
        for mark in (events, ~events):
            ones = np.ones(int(mark.sum()), dtype=np.float32)
            tables.append(csr_matrix((ones, (places[mark], clusters[mark])), shape=(size, count)))
    rng = np.random.default_rng(seed)
    pairs = list(zip(tables[::2], tables[1::2], strict=True))
    found = [
        [_areas(hit @ drawn, missed @ drawn) for hit, missed in pairs] for drawn in _drawn(rng, count, draws)
    ]
    return np.concatenate(found, axis=1)


def _drawn(rng: np.random.Generator, count: int, draws: int) -> Iterator[Real]:
    import numpy as np

    for begin in range(0, draws, AT_ONCE):
        picked = [
            np.bincount(rng.integers(0, count, count), minlength=count)
            for _ in range(min(AT_ONCE, draws - begin))
        ]
        yield np.column_stack(picked).astype(np.float32)


def _areas(hit: Real, missed: Real) -> Real:
    """Return the AUC of each column, from counts by place."""
    import numpy as np

    hit, missed = hit.astype(np.float64), missed.astype(np.float64)
    totals = missed.sum(axis=0)
    above = totals - missed.cumsum(axis=0)
    pairs = hit.sum(axis=0) * totals
    with np.errstate(invalid="ignore", divide="ignore"):
        areas: Real = (hit * (above + missed / 2)).sum(axis=0) / pairs
    return areas


def inner(values: Real) -> tuple[float, float]:
    """Return the ends of the middle 95% of draws."""
    import numpy as np

    low, high = np.nanpercentile(values, INNER)
    return float(low), float(high)


def shuffled_auc(places: Whole, events: Marks, months: Whole, *, seed: int, times: int = 20) -> float | None:
    """Return the mean AUC after outcomes were dealt out anew within each month-end: what luck alone gives."""
    import numpy as np

    rng = np.random.default_rng(seed)
    order = np.argsort(months, kind="stable")
    starts = np.flatnonzero(np.diff(months[order])) + 1
    found = []
    for _ in range(times):
        dealt = np.empty_like(events)
        for rows in np.split(order, starts):
            dealt[rows] = rng.permutation(events[rows])
        found.append(auc(places, dealt))
    told = [one for one in found if one is not None]
    return sum(told) / len(told) if told else None


def deciles(scores: Whole, events: Marks) -> list[Decile]:
    """Cut rows in order of score into tenths of about equal size; equal scores stay together."""
    import numpy as np

    if not len(scores):
        return []
    size = int(scores.max()) + 1
    rows, hits = np.bincount(scores, minlength=size), np.bincount(scores[events], minlength=size)
    reached = rows.cumsum()
    ends = sorted(
        {int(np.searchsorted(reached, len(scores) * place / DECILES)) for place in range(1, DECILES + 1)}
    )
    found, begin = [], 0
    for end in ends:
        held = np.flatnonzero(rows[begin : end + 1]) + begin
        if len(held):
            found.append(
                Decile(
                    least=int(held[0]),
                    most=int(held[-1]),
                    rows=int(rows[begin : end + 1].sum()),
                    events=int(hits[begin : end + 1].sum()),
                )
            )
        begin = end + 1
    return found


def curve(places: Whole, events: Marks) -> list[tuple[float, float]]:
    """Return the curve (ROC) as pairs: the share of those who stayed, and of those lost, at or below a score."""
    import numpy as np

    size = int(places.max()) + 1 if len(places) else 1
    hit = np.bincount(places[events], minlength=size).cumsum()
    missed = np.bincount(places[~events], minlength=size).cumsum()
    if not len(places) or not hit[-1] or not missed[-1]:
        return []
    shares = np.column_stack((missed / missed[-1], hit / hit[-1]))
    kept = np.unique(np.linspace(0, len(shares) - 1, min(CURVE_POINTS, len(shares))).round().astype(int))
    return [(0.0, 0.0), *((round(float(x), 4), round(float(y), 4)) for x, y in shares[kept])]
