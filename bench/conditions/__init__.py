"""Twenty conditions in one pass over 100,000 accounts against the same CASE written by hand, now and on a past day."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Case, IntegerField, Value, When

from bench.harness import Figure, interleave, median
from bench.pages.rows import load_accounts
from bench.sync import scratch_database

ROUNDS = 5
RULES = 20
TARGET = 2.0
HERE = Path(__file__).parent
INDUSTRIES = ("Energy", "Foods", "Labs", "Media")
# Of the metrics, those that Standing shows are read there today, the others from the stored values.
KEYS = (
    "finance.arr",
    "finance.nrr",
    "finance.grr",
    "support.urgent_open_tickets",
    "support.ticket_trend",
    "engagement.active_contacts",
    "engagement.days_since_touch",
    "product.days_since_last_use",
    "metrics.health_score",
)


def run() -> Iterator[Figure]:
    """Fill a database of its own, then time both in turn."""
    today = datetime.now(UTC).date()
    with scratch_database():
        load_accounts()
        _fill(today)
        rules = [_rule(random.Random(number)) for number in range(RULES)]
        for name, as_of in (("now", None), ("past", today)):
            ours, floor = _ours(rules, as_of), _floor(rules, as_of)
            assert _result(*ours) == _result(*floor), "both must give every account the same rule"
            mine, raw = interleave([lambda: _run(*ours), lambda: _run(*floor)], ROUNDS)  # noqa: B023 - called here
            note = f"{median(mine):.2f} s against {median(raw):.2f} s by hand"
            yield Figure(f"conditions.case_{name}", median(mine) / median(raw), at_most=TARGET, note=note)


def _fill(day: date) -> None:
    from metrics.models import RefreshRun

    with connection.cursor() as cursor:
        for key in KEYS:
            cursor.execute((HERE / "values.sql").read_text(), {"key": key, "day": day})
        cursor.execute("VACUUM ANALYZE")
    RefreshRun.objects.create(as_of=day, cause="bench", state=RefreshRun.State.DONE)


def _rule(chance: random.Random) -> dict[str, Any]:
    """Return a rule of four parts, one of them a choice of two, that about a tenth of the accounts meet."""
    numbers = [
        {"field": key, "op": chance.choice(("gte", "lt")), "value": chance.randint(200, 800)}
        for key in chance.sample(KEYS, 3)
    ]
    either = [
        {"field": "accounts.industry", "op": "in", "value": chance.sample(INDUSTRIES, 2)},
        {"field": "accounts.employees", "op": "gt", "value": chance.randint(40_000, 80_000)},
    ]
    return {"all": [*numbers, {"any": either}]}


def _ours(rules: list[dict[str, Any]], as_of: date | None) -> tuple[str, Any]:
    from accounts.conditions.expression import parse_condition
    from accounts.conditions.query import meaning, with_fields
    from accounts.models import Account

    conditions = [parse_condition(rule) for rule in rules]
    joined = with_fields(Account.objects.live(), conditions, as_of=as_of)
    whens = [When(meaning(one), then=Value(number)) for number, one in enumerate(conditions)]
    rows = joined.order_by().values_list("pk", Case(*whens, default=None, output_field=IntegerField()))
    sql, params = rows.query.sql_with_params()
    return sql, params


def _floor(rules: list[dict[str, Any]], as_of: date | None) -> tuple[str, Any]:
    """Write the CASE as a person would: one join a number, the columns of today's standing where it has them."""
    from metrics.registry import metrics

    shown = {key: metrics[key].standing for key in KEYS if as_of is None and metrics[key].standing}
    columns = {key: f"standing.{column}" for key, column in shown.items()}
    joins = []
    for number, key in enumerate(key for key in KEYS if key not in shown):
        columns[key] = f"v{number}.value"
        joins.append(
            f"LEFT JOIN metrics_metricvalue AS v{number} ON v{number}.account_id = account.id"
            f" AND v{number}.key = '{key}' AND v{number}.as_of = %(day)s"
        )
    whens = [f"WHEN {_sql(rule, columns)} THEN {number}" for number, rule in enumerate(rules)]
    select = (
        f"SELECT account.id, CASE {' '.join(whens)} END FROM accounts_account AS account"  # noqa: S608
        f" LEFT JOIN accounts_standing AS standing ON standing.account_id = account.id {' '.join(joins)}"
        " WHERE account.deleted_at IS NULL"
    )
    return select, {"day": as_of or datetime.now(UTC).date()}


def _sql(rule: dict[str, Any], columns: dict[str, str]) -> str:
    *numbers, either = rule["all"]
    tests = [
        f"{columns[one['field']]} {'>=' if one['op'] == 'gte' else '<'} {one['value']}" for one in numbers
    ]
    industries = ", ".join(f"'{name.upper()}'" for name in either["any"][0]["value"])
    employees = either["any"][1]["value"]
    return " AND ".join(
        [*tests, f"(upper(account.industry) IN ({industries}) OR account.employees > {employees})"]
    )


def _run(sql: str, params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE bench_rules AS {sql}", params)
        cursor.execute("DROP TABLE bench_rules")


def _result(sql: str, params: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({sql}) AS ruled ORDER BY 1", params)  # noqa: S608
        return list(cursor.fetchall())
