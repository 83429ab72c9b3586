"""What the page of one contract shows: its terms ahead, its lines, and its versions with what each changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from common.export import Table, table_of
from finance.contracts.calendar import Calendar, months_of_renewal, notice_on, terms
from finance.contracts.statements import PERIOD_WORDS, Difference, Statement, differences
from finance.models import Contract, ContractLine, ContractVersion
from finance.querysets import PERIODS_PER_YEAR
from people.access import Access
from people.models import Category

TERMS_SHOWN = 4
VERSIONS_SHOWN = 100
LINES_SHOWN = 200


@dataclass(frozen=True, slots=True)
class TermAhead:
    """One term, with the days that matter in it; ``act_by`` is the last working day for notice."""

    number: int
    starts_on: date
    ends_on: date | None
    notice_on: date | None
    act_by: date | None
    why: str
    is_running: bool
    is_over: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A version with what it changed."""

    version: ContractVersion
    differences: Sequence[Difference]
    is_in_effect: bool


def terms_ahead(contract: Contract, day: date) -> list[TermAhead]:
    """Return the term that runs on ``day`` and the next ones; the last one where the contract has ended."""
    months = months_of_renewal(contract.auto_renew, contract.renewal_months)
    since = max(day, contract.start_on)
    if contract.end_on and not months and contract.end_on <= since:
        since = contract.end_on - timedelta(days=1)
    until = date(since.year + 60, 1, 1) if since.year < 9900 else date.max
    calendar = Calendar(contract.account.country)
    found = terms(contract.start_on, contract.end_on, months, since=since, until=until)
    return [
        _term(each, contract.notice_days, calendar, day)
        for each in islice(found, TERMS_SHOWN if months else 1)
    ]


def lines_of(contract: Contract, day: date, access: Access) -> list[dict[str, Any]]:
    """Return the lines of a contract, those that run on ``day`` first, prices redacted for who may not read them."""
    listed: QuerySet[Any, Any] = (
        ContractLine.objects.filter(contract=contract, deleted_at=None)
        .select_related("contract")
        .with_last_day()
        .with_revenue()
    )
    rows = [_line(line, day, access) for line in listed.order_by("start_on", "pk")[:LINES_SHOWN]]
    return sorted(rows, key=lambda row: ("running", "ahead", "ended").index(row["state"]))


def lines_table(lines: Sequence[dict[str, Any]]) -> Table:
    """Return the lines shown, as a file."""
    return table_of(
        "contract-lines",
        lines,
        (
            ("line_id", "Line id", lambda line: line["id"]),
            ("product", "Product", lambda line: line["product"]),
            ("state", "State", lambda line: line["state"]),
            ("start_on", "From", lambda line: line["start_on"]),
            ("end_on", "First day after", lambda line: line["end_on"]),
            ("quantity", "Quantity", lambda line: line["quantity"]),
            ("amount", "Amount", lambda line: line["amount"]),
            ("currency", "Currency", lambda line: line["currency"]),
            ("billing_period", "Paid", lambda line: line["period"]),
            ("discount_percent", "Discount (%)", lambda line: line["discount"]),
            ("mrr", "MRR", lambda line: line["mrr"]),
            ("is_trial", "Trial", lambda line: line["is_trial"]),
        ),
    )


def versions_of(contract: Contract, day: date, access: Access) -> list[Told]:
    """Return the versions of a contract, the newest first, each with what it changed; one query.

    Of those that had begun by ``day`` the newest is in effect.
    """
    recorded = (
        ContractVersion.objects.recorded()
        .filter(contract=contract)
        .select_related("source", "author", "published_by")[: VERSIONS_SHOWN + 1]
    )
    versions = list(recorded)
    effective = next(
        (version.pk for version in versions if version.starts_on and version.starts_on <= day), None
    )
    earlier: list[ContractVersion | None] = [*versions[1:], None]
    return [
        Told(
            version,
            shown_differences(before.statement, version.statement, access) if before else (),
            version.pk == effective,
        )
        for version, before in zip(versions, earlier, strict=False)
    ][:VERSIONS_SHOWN]


def versions_table(told: Sequence[Told]) -> Table:
    """Return every difference of the versions, as a file."""
    rows = [(each.version, difference) for each in told for difference in each.differences or (None,)]
    return table_of(
        "contract-versions",
        rows,
        (
            ("version", "Version", lambda row: row[0].version),
            ("cause", "Cause", lambda row: row[0].get_cause_display()),
            ("starts_on", "In effect from", lambda row: row[0].starts_on),
            ("recorded_at", "Recorded", lambda row: row[0].published_at),
            ("subject", "Of", lambda row: row[1] and row[1].subject),
            ("what", "What", lambda row: row[1] and row[1].what),
            ("before", "Before", lambda row: row[1] and row[1].before),
            ("after", "After", lambda row: row[1] and row[1].after),
        ),
    )


def shown_differences(before: Statement, after: Statement, access: Access) -> list[Difference]:
    """Return what differs between two statements, with what may not be read as the mark of redaction."""
    found = differences(before, after, has_prices=access.allows(Category.REVENUE))
    return [
        replace(
            each,
            before=access.redact(each.before, each.category or None),
            after=access.redact(each.after, each.category or None),
        )
        for each in found
    ]


def _term(term: Any, notice_days: int | None, calendar: Calendar, day: date) -> TermAhead:
    notice = notice_on(term.ends_on, notice_days) if term.ends_on else None
    act_by = calendar.last_working_day(notice) if notice else None
    why = ""
    if notice and act_by != notice:
        why = calendar.holiday(notice) or f"a {notice:%A}"
    return TermAhead(
        number=term.number,
        starts_on=term.starts_on,
        ends_on=term.ends_on,
        notice_on=notice,
        act_by=act_by,
        why=why,
        is_running=term.starts_on <= day and (term.ends_on is None or day < term.ends_on),
        is_over=term.ends_on is not None and term.ends_on <= day,
    )


def _line(line: Any, day: date, access: Access) -> dict[str, Any]:
    is_over = line.ends_on is not None and line.ends_on <= day
    is_recurring = not line.is_trial and line.billing_period in PERIODS_PER_YEAR
    return {
        "id": line.pk,
        "product": line.product,
        "state": "ended" if is_over else "ahead" if line.start_on > day else "running",
        "start_on": line.start_on,
        "end_on": line.ends_on,
        "quantity": line.quantity.normalize(),
        "currency": line.contract.currency,
        "amount": access.redact(line.amount, Category.REVENUE),
        "period": PERIOD_WORDS[line.billing_period],
        "discount": access.redact(line.discount_percent.normalize() or None, Category.REVENUE),
        "mrr": access.redact(line.mrr if is_recurring else None, Category.REVENUE),
        "is_trial": line.is_trial,
    }
