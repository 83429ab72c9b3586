"""The steps of a preview: what both versions give a slice of accounts, then how well they tell who buys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.utils import timezone

from engagement.models import ScorePreview
from engagement.scoring.analysis import DECIDED_DAYS, bars_of
from engagement.scoring.previews.rates import compare_win_rates
from engagement.scoring.previews.services import forget_rows, is_saved_since
from engagement.scoring.score import points_of
from metrics.runs.registry import RunKind
from metrics.statements import Statement, load

# From here on an account counts as one that fits, is engaged or shows intent, as on the scatter.
MARK = 50
COUNTS = ("accounts", "risen", "fallen", "crossing_up", "crossing_down")
SAVED_MEANWHILE = "The draft was saved while it was being previewed. Preview it again."

_NO_POINTS = Statement(
    "SELECT NULL::bigint AS account_id, NULL::integer AS rule, NULL::numeric AS points, 0 AS count WHERE false"
)


def do_step(run: ScorePreview, step: Sequence[Any]) -> Mapping[str, Any]:
    """Do one of the steps; each adds to the summary of the run."""
    kind, first, last = step
    if kind == "scores":
        return {"summary": _with_slice(run, first, last)}
    until = timezone.now().date()
    rates = compare_win_rates(run.model, run.in_force, until - timedelta(days=DECIDED_DAYS - 1), until)
    told = {
        side: [{name: str(value) for name, value in asdict(decile).items()} for decile in deciles]
        for side, deciles in (("before", rates.before), ("after", rates.after))
    }
    found = run.summary or empty_summary()
    return {"summary": {**found, "rates": {**told, "deals": rates.deals, "left_out": rates.left_out}}}


def empty_summary() -> dict[str, Any]:
    """Return what is known before the first slice."""
    return {**dict.fromkeys(COUNTS, 0), "before": bars_of({}), "after": bars_of({})}


def _with_slice(run: ScorePreview, first: int, last: int) -> dict[str, Any]:
    before, after = (
        points_of(side, list(side.rules.all()), run.day, first, last) if side else _NO_POINTS
        for side in (run.in_force, run.model)
    )
    rows = load(
        "engagement",
        "score_preview",
        before=before,
        after=after,
        run=run.pk,
        first=first,
        last=last,
        mark=MARK,
    ).fetch_dicts()
    found = run.summary or empty_summary()
    for row in rows:
        for name in COUNTS:
            found[name] += row[name]
        for side in ("before", "after"):
            found[side][row[side]] += row["accounts"]
    return found


def _doubt(run: ScorePreview) -> str:
    return SAVED_MEANWHILE if is_saved_since(run) else ""


PREVIEW = RunKind(
    key="engagement.score_preview",
    model=ScorePreview,
    worker=lambda: do_step,
    forget=forget_rows,
    doubt=_doubt,
    related=("model", "in_force"),
)
