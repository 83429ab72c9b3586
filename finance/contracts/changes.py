"""What an amendment changes, applied to what a contract says: pure, without a database.

``changes`` is a mapping with any of

- ``terms``: terms by the names of their fields, with what they are to be (``TERMS``);
- ``lines``: a list of ``{"do": "change", "line": key, amount, quantity, discount_percent, …}``, ``{"do": "end", "line":
  key}`` and ``{"do": "add", product, amount, billing_period, …}``, values as in a statement;
- ``clauses``: a list of clauses as a statement holds them, each in the place of what the contract says in its
  ``family``, and of ``{"do": "end", "family": key}``.

All of it counts from one day on. Amounts of the past are never touched: a line that changes ends on that day and
another one begins; one that ends on that day anyway is followed by another. Lines that don't exist yet have keys
below zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from common.formatting import format_date
from common.rounding import to_cents
from finance.contracts.calendar import months_of_renewal, notice_on, running_term, terms
from finance.contracts.statements import Statement, plain_number
from finance.querysets import PERIODS_PER_YEAR

TERMS = ("end_on", "notice_days", "auto_renew", "renewal_months", "payment_terms_days")
PRICED = ("amount", "quantity", "discount_percent")
CHANGE, END, ADD = "change", "end", "add"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a change can't be made: of which line (its key, or its place among the new ones), or of the field named."""

    field: str
    detail: str
    line: int | None = None
    new: int | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a statement comes to on a day, in its currency, and the dates that follow from it."""

    arr: Decimal
    mrr: Decimal
    term_ends_on: date | None
    notice_on: date | None


def amended(statement: Statement, changes: Mapping[str, Any], day: date) -> dict[str, Any]:
    """Return what the contract says with the changes made from ``day`` on; ``problems_of`` must have found none."""
    said = dict(statement) | {
        name: value for name, value in changes.get("terms", {}).items() if name in TERMS
    }
    told = {each["line"]: each for each in changes.get("lines", ()) if each["do"] != ADD}
    lines: list[dict[str, Any]] = []
    begun: list[dict[str, Any]] = []
    for line in statement["lines"]:
        change = told.get(line["line"])
        if change is None:
            lines.append(dict(line))
            continue
        lines.append(dict(line) | {"end_on": day.isoformat()})
        if change["do"] == CHANGE:
            # One that ends that day anyway goes on as what is asked.
            until = None if line["end_on"] == day.isoformat() else line["end_on"]
            new = {"start_on": day.isoformat(), "end_on": until, "line": -len(begun) - 1}
            begun.append(dict(line) | _own(change) | new)
    for change in changes.get("lines", ()):
        if change["do"] == ADD:
            new = {"end_on": None, "quantity": "1", "discount_percent": "0", "is_trial": False} | _own(change)
            begun.append(new | {"start_on": day.isoformat(), "line": -len(begun) - 1})
    said["lines"] = [*lines, *begun]
    if "clauses" in changes:
        said["clauses"] = clauses_after(statement.get("clauses", ()), changes["clauses"])
    return said


def clauses_after(
    clauses: Sequence[Mapping[str, Any]], changes: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the clauses of a contract once these changes are made, in the order of their families' keys."""
    said = {str(clause["family"]): dict(clause) for clause in clauses}
    for change in changes:
        if change.get("do") == END:
            said.pop(str(change["family"]), None)
        else:
            said[str(change["family"])] = dict(change)
    return [said[family] for family in sorted(said)]


def problems_of(statement: Statement, changes: Mapping[str, Any], day: date) -> Iterator[Problem]:
    """Yield what keeps the changes from being made from ``day`` on."""
    if statement["is_deleted"]:
        yield Problem("", "Its source has deleted the contract, so nothing of it can be changed.")
    yield from _problems_of_terms(statement, dict(statement) | dict(changes.get("terms", {})), day)
    lines = {line["line"]: line for line in statement["lines"]}
    count = 0
    for change in changes.get("lines", ()):
        if change["do"] == ADD:
            if (until := _day(change.get("end_on"))) is not None and until <= day:
                yield Problem("end_on", f"Choose a day after {format_date(day)}.", new=count)
            count += 1
        elif why := _problem_of_line(lines.get(change["line"]), day, change["do"]):
            yield Problem("", why, change["line"])


def _problems_of_terms(statement: Statement, said: Statement, day: date) -> Iterator[Problem]:
    start, end = date.fromisoformat(said["start_on"]), _day(said["end_on"])
    if day <= start:
        yield Problem(
            "effective_on", f"The contract begins on {format_date(start)}. Choose a day after that."
        )
    elif (ended := _day(statement["end_on"])) is not None and not statement["auto_renew"] and ended < day:
        # Lines without an end of their own would run through the days between, and be paid for after the fact.
        yield Problem(
            "effective_on",
            f"The contract ends on {format_date(ended)}, and what it says holds no longer by then. Choose that day"
            " or an earlier one.",
        )
    elif running_term(start, end, _months(said), day) is None:
        yield Problem(
            "effective_on", "The contract is over by then. Extend its term, or choose an earlier day."
        )
    if end is not None and end <= start:
        yield Problem("end_on", f"The term can't end before the contract begins on {format_date(start)}.")
    elif said["end_on"] != statement["end_on"] and end is not None and end <= day and not said["auto_renew"]:
        yield Problem("end_on", f"Choose a day after {format_date(day)}, from which the change counts.")
    if said["renewal_months"] == 0 and said["auto_renew"]:
        yield Problem("renewal_months", "Say for how many months it renews, or leave it empty for twelve.")


def _problem_of_line(line: Statement | None, day: date, do: str) -> str:
    if line is None:
        return "This line is gone."
    start, end = date.fromisoformat(line["start_on"]), _day(line["end_on"])
    if start >= day:
        return f"It begins on {format_date(start)}, so it can change on a later day only."
    if end is not None and (end < day or (end == day and do == END)):
        return f"It has ended by then, on {format_date(end)}."
    return ""


def is_empty(statement: Statement, changes: Mapping[str, Any]) -> bool:
    """Return whether the changes come to nothing."""
    moved = any(statement[name] != value for name, value in changes.get("terms", {}).items() if name in TERMS)
    clauses = statement.get("clauses", ())
    worded = clauses_after(clauses, changes.get("clauses", ())) != clauses_after(clauses, ())
    return not (moved or worded or changes.get("lines"))


def outlook(statement: Statement, day: date) -> Outlook:
    """Return what a statement comes to on ``day``: as ``ContractLine.with_revenue`` says, to the cent."""
    arr = sum((_arr(line) for line in statement["lines"] if _runs(statement, line, day)), Decimal(0))
    term = running_term(
        date.fromisoformat(statement["start_on"]), _day(statement["end_on"]), _months(statement), day
    )
    ends_on = term.ends_on if term else None
    return Outlook(
        arr=to_cents(arr),
        mrr=to_cents(arr / 12),
        term_ends_on=ends_on,
        notice_on=notice_on(ends_on, statement["notice_days"]) if ends_on else None,
    )


def next_term_end(statement: Statement, day: date) -> date | None:
    """Return the first day after the term that runs on ``day``; None without one, or where it is open-ended."""
    start, end = date.fromisoformat(statement["start_on"]), _day(statement["end_on"])
    term = running_term(start, end, _months(statement), day)
    return term.ends_on if term else None


def is_mid_term(statement: Statement, day: date) -> bool:
    """Return whether ``day`` lies within a term. A contract that is open-ended has no term to wait for."""
    end = _day(statement["end_on"])
    if end is None:
        return False
    start = date.fromisoformat(statement["start_on"])
    if day == end:
        return False
    return not any(
        term.is_renewal and term.starts_on == day
        for term in terms(start, end, _months(statement), since=day, until=day)
    )


def _own(change: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in change.items() if name not in ("do", "line")}


def _runs(statement: Statement, line: Statement, day: date) -> bool:
    if line["is_trial"] or line["billing_period"] not in PERIODS_PER_YEAR:
        return False
    ends = [_day(line["end_on"]), None if statement["auto_renew"] else _day(statement["end_on"])]
    return date.fromisoformat(line["start_on"]) <= day and all(end is None or day < end for end in ends)


def _arr(line: Statement) -> Decimal:
    paid = (Decimal(100) - Decimal(line["discount_percent"])) / 100
    return Decimal(line["amount"]) * PERIODS_PER_YEAR[line["billing_period"]] * paid


def _months(statement: Statement) -> int:
    return months_of_renewal(statement["auto_renew"], statement["renewal_months"])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def changes_of_lines(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return changes of lines with their numbers as a statement writes them."""
    return [
        {
            name: plain_number(value) if name in PRICED and value is not None else value
            for name, value in line.items()
        }
        for line in lines
    ]
