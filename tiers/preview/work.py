"""The steps of a preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from metrics.runs.registry import RunKind
from metrics.statements import Statement, load
from tiers.assignment.decide import terms_of
from tiers.evaluation import compile_rules
from tiers.models import PreviewRun
from tiers.preview.judging import (
    Question,
    accounts_of_slice,
    forget_outlook,
    judged_accounts,
    kept_values,
    look_ahead,
)
from tiers.preview.replay import replay, said_then
from tiers.preview.services import forget_results
from tiers.preview.summary import summary_of

SAVED_MEANWHILE = "The draft was saved while it was being previewed. Preview it again."


class PreviewWork:
    """One worker at one run, with statements written once for all slices: that takes as long as many accounts."""

    def __init__(self) -> None:
        self.asked: Question | None = None
        self.judged: Statement | None = None
        self.replayed: list[Statement] = []

    def __call__(self, run: PreviewRun, step: Sequence[Any]) -> Mapping[str, Any]:
        """Do one of the steps: judge a slice, replay it, or sum up."""
        kind, first, last, days = step
        known = [date.fromisoformat(day) for day in days]
        if kind == "moves":
            look_ahead(self.question(run), self.judges(run).within(first, last), first=first, last=last)
            load("tiers", "preview_rows", run=run.pk, values=kept_values(self.question(run))).execute()
            load("tiers", "preview_sums", run=run.pk).execute()
            forget_outlook()
        elif kind == "replay":
            said = [one.within(first, last) for one in self.replays(run, known)]
            replay(self.question(run), known, said, run=run.pk, first=first, last=last)
        else:
            return {"summary": summary_of(run, known)}
        return {}

    def question(self, run: PreviewRun) -> Question:
        """Return what the run asks."""
        if self.asked is None:
            self.asked = Question(
                rules=compile_rules(run.rule_set), terms=terms_of(run.rule_set), on=run.on, as_of=run.as_of
            )
        return self.asked

    def judges(self, run: PreviewRun) -> Statement:
        """Return the statement that judges a slice."""
        if self.judged is None:
            self.judged = judged_accounts(self.question(run), accounts_of_slice())
        return self.judged

    def replays(self, run: PreviewRun, days: list[date]) -> list[Statement]:
        """Return the statements that judge a slice at the end of each of ``days``."""
        if not self.replayed:
            self.replayed = said_then(self.question(run).rules, days, accounts_of_slice())
        return self.replayed


def _doubt(run: PreviewRun) -> str:
    return "" if run.rule_set.digest == run.digest else SAVED_MEANWHILE


PREVIEW = RunKind(
    key="tiers.preview",
    model=PreviewRun,
    worker=PreviewWork,
    forget=forget_results,
    doubt=_doubt,
    related=("rule_set",),
)
