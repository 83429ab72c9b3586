"""A preview of a point model over 100,000 accounts against the statement that one would write by hand for it.

Six rules over four touches an account, beside the version in force. The preview is measured from the request to its
summary, as workers do it: it keeps what either version gives each account, and the rules that make the difference.
Publishing it is told beside: every account is counted again and compared. Of each, how long the request took.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench.companies import execute
from bench.harness import Figure, median, seconds
from bench.sync import scratch_database

HERE = Path(__file__).parent
ACCOUNTS = 100_000
ROUNDS = 3


def run() -> Iterator[Figure]:
    """Yield the ratios of a preview and of a publication to the statement by hand."""
    with scratch_database():
        from engagement.scoring.previews.publishing import request_score_publication
        from engagement.scoring.previews.services import request_score_preview
        from engagement.scoring.services import create_score_draft, draft_rules, save_score_draft
        from metrics.engine.plan import today
        from metrics.statements import compose
        from people.services import create_user

        for statement in (HERE / "seed.sql").read_text(encoding="utf-8").split(";"):
            execute(statement.replace(":accounts", str(ACCOUNTS)))
        execute("VACUUM ANALYZE")
        by = create_user(email="bench@example.com", name="Bench", function="revops")
        draft = create_score_draft(kind="engagement", by=by)
        rules = [replace(rule, points=2 * (rule.points or Decimal(0))) for rule in draft_rules(draft)]
        draft = save_score_draft(model=draft, by=by, rules=rules, half_life_days=20)
        floor = compose((HERE / "floor.sql").read_text(encoding="utf-8"), day=today())
        plain: list[float] = []
        ours: list[float] = []
        requests: list[float] = []
        held: dict[str, Any] = {}
        for turn in range(ROUNDS + 1):
            by_hand = median([seconds(floor.fetch) for _ in range(3)])
            asked = seconds(lambda: held.update(run=request_score_preview(model=draft, by=by)))
            took = asked + worked_off("engagement.score_preview", held["run"])
            if turn:
                plain.append(by_hand)
                ours.append(took)
                requests.append(asked)
        _refuse_other_counts(floor.fetch(), held["run"])
        base = median(plain)
        yield Figure(
            "scores.preview",
            median(ours) / base,
            at_most=6,
            note=f"{median(ours):.2f} s, by hand {base:.2f} s; the request {median(requests) * 1000:.0f} ms",
        )
        done: dict[str, Any] = {}
        asked = seconds(lambda: done.update(run=request_score_publication(preview=held["run"], by=by)))
        took = asked + worked_off("engagement.score_publication", done["run"])
        yield Figure(
            "scores.publication",
            took / base,
            at_most=4,
            note=f"{took:.2f} s to compare and decide; the request {asked * 1000:.0f} ms",
        )


def worked_off(kind: str, run: Any) -> float:
    """Do all steps of a run; return how long that takes."""
    from metrics.runs.work import work_off

    took = seconds(lambda: work_off(kind, run.pk, seconds=3600))
    run.refresh_from_db()
    if run.state != "done":
        raise RuntimeError(run.error)
    return took


def _refuse_other_counts(rows: list[tuple[Any, ...]], run: Any) -> None:
    before, after = [0] * 10, [0] * 10
    for low, high, count in rows:
        before[low] += count
        after[high] += count
    if (before, after) != (run.summary["before"], run.summary["after"]):
        raise RuntimeError(f"By hand it is {before} and {after}, not {run.summary}.")
