"""A set of 20 rules over 100,000 accounts against the plain SQL CASE that says the same, written by hand.

Both look up the tier held, since thresholds to stay hang on it. What a night does with the verdicts where nobody
moves, and where one in ten does, is told beside it; so is a preview, without and with
its replay of the year past.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from django.db import connection

from bench.harness import Figure, interleave, median, seconds
from bench.sync import scratch_database

HERE = Path(__file__).parent
ACCOUNTS = 100_000
ROUNDS = 7
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
        still = [seconds(apply_rule_set) for _ in range(3)]
        yield Figure(
            "tiers.still_night", median(still) / base, at_most=6, note=f"{median(still):.2f} s, nobody moves"
        )
        previewed = preview_seconds(rule_set)
        yield Figure(
            "tiers.preview", previewed / base, at_most=6, note=f"{previewed:.2f} s, without the year past"
        )
        for statement in (HERE / "past.sql").read_text(encoding="utf-8").split(";"):
            if statement.strip():
                execute(statement)
        execute("VACUUM ANALYZE")
        previewed = preview_seconds(rule_set)
        yield Figure(
            "tiers.preview_with_replay",
            previewed / base,
            at_most=60,
            note=f"{previewed:.2f} s, thirteen more evaluations on stored numbers of as many month ends",
        )
        # As if everybody had been where they are for long, so that nobody waits.
        execute("UPDATE accounts_tiertenure SET during = daterange(NULL, NULL)")
        execute("UPDATE accounts_standing SET arr = arr * 20 WHERE account_id % 10 = 3")
        moved = seconds(apply_rule_set)
        yield Figure(
            "tiers.busy_night", moved / base, at_most=20, note=f"{moved:.2f} s, one in ten is worth more"
        )


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


def preview_seconds(rule_set: Any) -> float:
    """Return how long a preview of a harder draft takes from the request to its summary."""
    from metrics.runs.work import work_off
    from people.models import User
    from tiers.content import read_content
    from tiers.preview.services import request_preview
    from tiers.services import create_draft

    by = User.objects.get()
    content = read_content(rule_set)
    draft = create_draft(by=by, content=msgspec.structs.replace(content, rules=content.rules[2:]))

    def work() -> None:
        run = request_preview(rule_set=draft, by=by)
        work_off("tiers.preview", run.pk, seconds=3600)
        run.refresh_from_db()
        if run.state != "done":
            raise RuntimeError(run.error)

    return seconds(work)


def counted(statement: Any) -> list[tuple[int, int]]:
    """Run a statement of ``(account_id, tier_id, …)`` to its end: how many accounts each tier gets."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT tier_id, count(*) FROM ({statement.sql}) AS verdict GROUP BY tier_id ORDER BY tier_id",  # noqa: S608
            statement.params,
        )
        return list(cursor.fetchall())


def execute(statement: str) -> None:
    """Run a statement without parameters."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
