"""Other weights, learned from what lies before a cut and judged by what lies behind it; never applied by themselves.

Logistic regression with an L2 penalty (scikit-learn) over what each component lacks of its points. Its strength is
chosen by a later part of the months before the cut. Components that would count the wrong way round are left out, one
after the other, so that every weight can be one of a health model.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from metrics.backtest.judging import FEWEST_ACCOUNTS, compared, events_of, weighed
from metrics.backtest.measures import auc, ranks
from metrics.backtest.panel import NO_SCORE, UNKNOWN, Panel
from metrics.models import HealthComponent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Real = NDArray[np.floating[Any]]
    Marks = NDArray[np.bool_]

# Inverse strengths of the penalty, from strict to nearly none.
STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
# The last of the months before the cut choose the strength.
CHOOSING = 0.3
# More rows move the weights by less than their rounding, and would take hundreds of MB.
MOST_ROWS = 200_000
TOTAL = 100


def suggest(
    panel: Panel,
    *,
    outcome: str,
    column: int,
    window: int,
    components: Sequence[HealthComponent],
    cut_on: date,
    seed: int,
) -> dict[str, Any]:
    """Return weights of 100 that would have told more, with how they do behind the cut beside the model's own.

    A month-end teaches only where its window was over by the cut. ``problem`` says why there is nothing to suggest.
    """
    import numpy as np

    known = (panel.outcomes[:, column] != UNKNOWN) & (panel.scores != NO_SCORE)
    is_over = panel.months <= (cut_on - timedelta(days=window)).toordinal()
    taught = panel.where(known & is_over)
    judged = panel.where(known & (panel.months >= cut_on.toordinal()))
    lessons, marks = events_of(taught, outcome, column), events_of(judged, outcome, column)
    counts = [len(np.unique(side.accounts[hit])) for side, hit in ((taught, lessons), (judged, marks))]
    found: dict[str, Any] = {
        "taught": {"rows": len(taught), "events": int(lessons.sum()), "lost": counts[0]},
        "judged": {"rows": len(judged), "events": int(marks.sum()), "lost": counts[1]},
    }
    if counts[0] < FEWEST_ACCOUNTS:
        return {**found, "problem": f"only {counts[0]} accounts were lost before the cut"}
    if counts[1] < FEWEST_ACCOUNTS:
        return {**found, "problem": f"only {counts[1]} accounts were lost behind the cut"}
    strength, tried = _strength(taught, lessons, window)
    found |= {"strength": strength, "tried": tried}
    coefficients = _fitted(taught, lessons, strength, seed)
    if not coefficients.any():
        return {**found, "problem": "no component tells the lost from the others before the cut"}
    rounded = shares(coefficients.tolist())
    result = compared(judged, marks, seed, suggested=weighed(judged, rounded))
    return {
        **found,
        "weights": [
            {"key": part.key, "label": part.label, "now": str(part.weight), "weight": weight}
            for part, weight in zip(components, rounded, strict=True)
        ],
        "result": result,
    }


def shares(values: Sequence[float]) -> list[int]:
    """Return whole shares of 100 by the largest remainder; values are not below 0 and not all 0."""
    whole = sum(values)
    exact = [TOTAL * value / whole for value in values]
    found = [int(one) for one in exact]
    by_remainder = sorted(range(len(exact)), key=lambda place: (found[place] - exact[place], place))
    for place in by_remainder[: TOTAL - sum(found)]:
        found[place] += 1
    return found


def _strength(rows: Panel, events: Marks, window: int) -> tuple[float, list[dict[str, float]]]:
    """Return the strength that does best in the later months of the lessons, and how each did.

    The rows that fit end a window ahead of those that choose, so that no outcome stands on both sides. Where the
    later months hold too little to choose by, it is the middle one.
    """
    import numpy as np

    days = np.unique(rows.months)
    begin = days[min(len(days) - 1, int(len(days) * (1 - CHOOSING)))]
    fits, chooses = rows.months <= begin - window, rows.months >= begin
    enough = [
        len(np.unique(rows.accounts[part & events])) >= FEWEST_ACCOUNTS // 2 for part in (fits, chooses)
    ]
    if not all(enough):
        return STRENGTHS[len(STRENGTHS) // 2], []
    tried = []
    for strength in STRENGTHS:
        coefficients = _fitted(rows.where(fits), events[fits], strength, seed=0)
        risk = _lacking(rows.where(chooses)) @ coefficients
        area = auc(ranks((-1e6 * risk).round().astype(np.int64)), events[chooses])
        tried.append({"strength": strength, "auc": 0.5 if area is None else area})
    # Of equal ones the strictest.
    best = max(tried, key=lambda one: (round(one["auc"], 4), -one["strength"]))
    return best["strength"], tried


def _fitted(rows: Panel, events: Marks, strength: float, seed: int) -> Real:
    """Return a coefficient of each component, none below 0."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    if len(rows) > MOST_ROWS:
        picked = np.zeros(len(rows), dtype=bool)
        picked[np.random.default_rng(seed).permutation(len(rows))[:MOST_ROWS]] = True
        rows, events = rows.where(picked), events[picked]
    lacking = _lacking(rows)
    coefficients = np.zeros(lacking.shape[1])
    used = np.flatnonzero(lacking.any(axis=0))
    while len(used) and events.any() and not events.all():
        fit = LogisticRegression(C=strength, solver="lbfgs", max_iter=500).fit(lacking[:, used], events)
        values = fit.coef_[0]
        if values.min() >= 0:
            coefficients[used] = values
            break
        used = np.delete(used, values.argmin())
    return coefficients


def _lacking(rows: Panel) -> Real:
    """Return what each component lacks of its points, 0 to 1; where one is missing, the mean of those present."""
    import numpy as np

    lacking = 1 - rows.points.astype(np.float32) / 1000
    missing = rows.points == NO_SCORE
    lacking[missing] = np.nan
    mean = 1 - rows.scores.astype(np.float32) / 1000
    with np.errstate(invalid="ignore"):
        present = (~missing).sum(axis=1)
        own = np.where(present > 0, np.nansum(lacking, axis=1) / np.maximum(present, 1), mean)
    places = np.nonzero(missing)
    lacking[places] = own[places[0]]
    return lacking
