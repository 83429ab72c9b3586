"""A set of 20 rules over 100,000 accounts against the plain SQL CASE that says the same, written by hand.

Both look up the tier held, since thresholds to stay hang on it. What a night does with the verdicts where nobody
moves, and where one in ten does, is told beside it. A preview is measured from the request to its summary, as
workers do it: in one part what moves and why, and what it comes to; in the other its replay of the year past. The
replay judges every account at the ends of thirteen months by stored numbers, so its floor is the same CASE by hand
on the numbers of as many days. Each is measured in turn with its floor, since the machine does other things too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from django.db import connection

from bench.companies import execute
from bench.harness import Figure, interleave, median, seconds
from bench.sync import scratch_database

HERE = Path(__file__).parent
ACCOUNTS = 100_000
ROUNDS = 7
PREVIEWS = 3
STORED = """LEFT JOIN metrics_metricvalue AS arr
    ON arr.account_id = account.id AND arr.key = 'finance.arr' AND arr.as_of = {numbers}
LEFT JOIN metrics_metricvalue AS health
    ON health.account_id = account.id AND health.key = 'metrics.health_score' AND health.as_of = {numbers}"""
TIERS = ("strategic", "enterprise", "growth", "standard")


def run() -> Iterator[Figure]:
    """Yield the ratio of evaluation to the CASE, and those of a night's assignment to it."""
    with scratch_database():
        from metrics.engine.plan import today
        from metrics.statements import compose
        from tiers.assignment.assign import apply_rule_set
        from tiers.evaluation import compile_rules, verdicts

        day = today()
        for statement in (HERE / "seed.sql").read_text(encoding="utf-8").split(";"):
            if statement.strip():
                execute(statement.replace(":accounts", str(ACCOUNTS)))
        rule_set = make_rules()
        apply_rule_set()
        execute("VACUUM ANALYZE")
        floor = compose((HERE / "floor.sql").read_text(encoding="utf-8"), day=day)

        def evaluate() -> Any:
            return counted(verdicts(compile_rules(rule_set), on=day))

        def plain() -> Any:
            return counted(floor)

        if (ours := evaluate()) != (theirs := plain()):
            raise RuntimeError(f"The CASE says something else: {theirs} against {ours}.")
        ours_times, floor_times = interleave([evaluate, plain], ROUNDS)
        base = median(floor_times)
        yield Figure(
            "tiers.evaluation",
            median(ours_times) / base,
            at_most=2,
            note=f"{median(ours_times) * 1000:.0f} ms, plain CASE {base * 1000:.0f} ms, {ACCOUNTS:,} accounts",
        )
        still, base = beside(apply_rule_set, plain)
        yield Figure("tiers.still_night", still / base, at_most=6, note=f"{still:.2f} s, nobody moves")
        for statement in (HERE / "past.sql").read_text(encoding="utf-8").split(";"):
            if statement.strip():
                execute(statement)
        execute("VACUUM ANALYZE")
        yield from preview_figures(rule_set, plain)
        # As if everybody had been where they are for long, so that nobody waits.
        execute("UPDATE accounts_tiertenure SET during = daterange(NULL, NULL)")
        execute("UPDATE accounts_standing SET arr = arr * 20 WHERE account_id % 10 = 3")
        before = seconds(plain)
        moved = seconds(apply_rule_set)
        base = median([before, *(seconds(plain) for _ in range(2))])
        yield Figure(
            "tiers.busy_night", moved / base, at_most=20, note=f"{moved:.2f} s, one in ten is worth more"
        )


def preview_figures(rule_set: Any, plain: Callable[[], object]) -> Iterator[Figure]:
    """Yield the ratio of a preview to the CASE, and that of its replay to a CASE for each month end."""
    from metrics.engine.plan import today
    from metrics.statements import compose
    from tiers.preview.replay import days_to_replay

    days = days_to_replay(today())
    text = (HERE / "floor.sql").read_text(encoding="utf-8")
    for ours, theirs in (
        ("standing.arr", "arr.value"),
        ("standing.health", "health.value"),
        ("LEFT JOIN accounts_standing AS standing ON standing.account_id = account.id", STORED),
    ):
        text = text.replace(ours, theirs)

    def plain_year() -> None:
        for day in days:
            counted(compose(text, day=day, numbers=day))

    proper, replayed, floors, years = (list[float]() for _ in range(4))
    for turn in range(PREVIEWS + 1):
        floor = median([seconds(plain) for _ in range(3)])
        year = seconds(plain_year)
        parts = preview_seconds(rule_set)
        if turn:
            for slot, taken in zip((proper, replayed, floors, years), (*parts, floor, year), strict=True):
                slot.append(taken)
    took, base = median(proper), median(floors)
    yield Figure(
        "tiers.preview", took / base, at_most=6, note=f"{took:.2f} s without the year past, CASE {base:.3f} s"
    )
    took, base = median(replayed), median(years)
    yield Figure(
        "tiers.preview_replay",
        took / base,
        # PostgreSQL puts all cores to the thirteen statements by hand; the replay also keeps what waits from month to
        # month, so it goes through them one after the other.
        at_most=3,
        note=f"{took:.2f} s for the year past, {len(days)} CASEs on stored numbers {base:.2f} s",
    )


def beside(work: Callable[[], object], floor: Callable[[], object]) -> tuple[float, float]:
    """Return how long a work and its floor take, measured in turn."""
    ours, theirs = interleave([work, floor], PREVIEWS)
    return median(ours), median(theirs)


def make_rules() -> Any:
    """Publish the rules that floor.sql says by hand."""
    from people.services import create_user
    from tiers.content import EVERYONE, Content, Rule
    from tiers.services import create_draft, publish_rule_set, seen_of

    rules = []
    for number in range(19):
        tier = TIERS[min(number // 6, 2)]
        revenue = {
            "field": "finance.arr",
            "op": "gte",
            "value": 400_000 - number * 20_000,
            "stay": 360_000 - number * 18_000,
        }
        others: list[dict[str, Any]] = [
            {"field": "accounts.industry", "op": "eq", "value": f"Industry {number % 12}"},
            {"field": "accounts.employees", "op": "gte", "value": 100 * number, "stay": 90 * number},
            {"field": "metrics.health_score", "op": "gte", "value": 30 + number},
            {"field": "accounts.country", "op": "in", "value": ["US", "DE", "FR"]},
        ]
        rules.append(
            Rule(
                name=f"Rule {number}", tier=tier, condition={"all": [revenue, {"any": others[number % 3 :]}]}
            )
        )
    rules.append(Rule(name="Everyone else", tier="standard", condition=EVERYONE))
    by = create_user(email="bench@example.com", name="Bench", function="revops")
    draft = create_draft(by=by, content=Content(rules=tuple(rules)))
    return publish_rule_set(rule_set=draft, by=by, expected=seen_of(draft))


def preview_seconds(rule_set: Any) -> tuple[float, float]:
    """Return how long a preview of a harder draft takes, and how long its replay of the year past beside that."""
    from metrics.runs.work import do_next_step
    from people.models import User
    from tiers.content import read_content
    from tiers.preview.services import request_preview
    from tiers.preview.work import PREVIEW
    from tiers.services import create_draft

    by = User.objects.get()
    content = read_content(rule_set)
    draft = create_draft(by=by, content=msgspec.structs.replace(content, rules=content.rules[2:]))
    begun = time.perf_counter()
    run = request_preview(rule_set=draft, by=by)
    taken = {"moves": time.perf_counter() - begun, "replay": 0.0, "sum": 0.0}
    work = PREVIEW.worker()
    for kind, *_ in run.plan:
        taken[kind] += seconds(lambda: do_next_step(PREVIEW.key, run.pk, work))
    run.refresh_from_db()
    if run.state != "done":
        raise RuntimeError(run.error)
    return taken["moves"] + taken["sum"], taken["replay"]


def counted(statement: Any) -> list[tuple[int, int]]:
    """Run a statement of ``(account_id, tier_id, …)`` to its end: how many accounts each tier gets."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT tier_id, count(*) FROM ({statement.sql}) AS verdict GROUP BY tier_id ORDER BY tier_id",  # noqa: S608
            statement.params,
        )
        return list(cursor.fetchall())
