"""The steps of a backtest: month-ends packed slice by slice, then losses, then each outcome, then other weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from metrics.backtest.calendar import Look, looks, stored_days
from metrics.backtest.judging import judge
from metrics.backtest.losses import keep_losses
from metrics.backtest.panel import Panel, pack, read_part, unpack
from metrics.backtest.services import forget_found, is_saved_since
from metrics.backtest.weights import suggest
from metrics.models import Backtest, BacktestPart, HealthModel
from metrics.runs.registry import RunFailedError, RunKind

SAVED_MEANWHILE = "The draft was saved while it was being tested. Test it again."
NOBODY = (
    "Nobody whom this version scores paid on these month-ends. Choose others, or back-fill their numbers."
)


class BacktestWork:
    """Does one step after the other, and keeps the arrays for as long as it lives."""

    def __init__(self) -> None:
        self._panel: Panel | None = None

    def __call__(self, run: Backtest, step: Sequence[Any]) -> Mapping[str, Any]:
        """Do a step and return what changes of the run."""
        kind, *asked = step
        summary = run.summary or {"results": []}
        if kind == "part":
            day, first, last = asked
            return {"summary": _with_part(run, summary, date.fromisoformat(day), first, last)}
        panel = self._whole(run)
        components = list(run.model.components.all())
        if kind == "losses":
            following = {look.as_of: look.next_on for look in _looks(run) if look.next_on}
            return {"summary": {**summary, "losses": keep_losses(run, panel, following)}}
        outcome, window = asked
        column = 1 + run.windows.index(window)
        if kind == "judge":
            found = judge(
                panel,
                outcome=outcome,
                column=column,
                components=components,
                cut_on=run.cut_on,
                seed=run.seed,
            )
            results = [*summary["results"], {"outcome": outcome, "window": window, **found}]
            return {"summary": {**summary, "results": results}}
        found = suggest(
            panel,
            outcome=outcome,
            column=column,
            window=window,
            components=components,
            cut_on=run.cut_on,
            seed=run.seed,
        )
        run.parts.all().delete()
        return {"summary": {**summary, "suggestion": {"outcome": outcome, "window": window, **found}}}

    def _whole(self, run: Backtest) -> Panel:
        if self._panel is None:
            packed = run.parts.order_by("as_of", "first").values_list("data", flat=True)
            self._panel = unpack(packed.iterator(chunk_size=1))
        if not len(self._panel):
            raise RunFailedError(NOBODY)
        return self._panel


def _looks(run: Backtest) -> list[Look]:
    days = stored_days(run.first, run.known_until)
    return looks(days, run.first, run.last, run.windows)


def _with_part(run: Backtest, summary: Mapping[str, Any], day: date, first: int, last: int) -> dict[str, Any]:
    look = next((one for one in _looks(run) if one.as_of == day), None)
    if look is None:
        raise RunFailedError(f"The numbers of {day} are gone. Test it again.")
    in_force = list(HealthModel.objects.published().order_by("pk"))
    panel = read_part(run.model, in_force, look, first, last)
    BacktestPart.objects.create(run=run, as_of=day, first=first, rows=len(panel), data=pack(panel))
    months = dict(summary.get("months", {}))
    held = months.get(day.isoformat(), {"rows": 0})
    ends = {
        str(window): end.isoformat() if end else None
        for window, end in zip(run.windows, look.ends, strict=True)
    }
    months[day.isoformat()] = {"rows": held["rows"] + len(panel), "ends": ends}
    return {**summary, "months": months}


def _doubt(run: Backtest) -> str:
    return SAVED_MEANWHILE if is_saved_since(run) else ""


BACKTEST = RunKind(
    key="metrics.backtest",
    model=Backtest,
    worker=BacktestWork,
    forget=forget_found,
    doubt=_doubt,
    related=("model",),
)
