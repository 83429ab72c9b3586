"""What the page of one contract shows: its terms ahead, its lines, and its versions with what each changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When

from common.export import Table, table_of
from common.periods import end_of
from finance.clauses.words import ClauseWords
from finance.contracts.calendar import Calendar, months_of_renewal, notice_on, terms
from finance.contracts.statements import PERIOD_WORDS, Difference, Statement, differences
from finance.models import Contract, ContractLine, ContractVersion
from finance.querysets import PERIODS_PER_YEAR
from people.access import Access
from people.models import Category
from sync.models import OWN_SLUG, FieldClaim, Link
from sync.provenance.reading import read_origins
from sync.registry import resources

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


def lines_of(
    contract: Contract, day: date, access: Access, *, most: int | None = None
) -> list[dict[str, Any]]:
    """Return the lines of a contract, those that run on ``day`` first, prices redacted for who may not read them."""
    listed: QuerySet[Any, Any] = ContractLine.objects.filter(contract=contract, deleted_at=None)
    return [
        row | {name: access.redact(row[name], Category.REVENUE) for name in ("amount", "discount", "mrr")}
        for row in line_rows(listed, day, most=most)
    ]


def line_rows(lines: QuerySet[Any, Any], day: date, *, most: int | None) -> list[dict[str, Any]]:
    """Return lines as every table of them shows them, with prices, those that run on ``day`` first; one query."""
    listed: Any = lines.select_related("contract").with_last_day().with_revenue()  # type: ignore[attr-defined]
    place = Case(When(ends_on__lte=day, then=2), When(start_on__gt=day, then=1), default=0)
    return [_line(line, day) for line in listed.order_by(place, "product", "start_on", "pk")[:most]]


def lines_table(lines: Sequence[dict[str, Any]]) -> Table:
    """Return the lines shown, as a file."""
    return table_of(
        "contract-lines",
        lines,
        (
            ("line_id", "Line id", lambda line: line["id"]),
            ("contract", "Contract", lambda line: line["contract"]),
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


def recorded_versions(contract: Contract, day: date) -> list[ContractVersion]:
    """Return the versions of a contract that were known on ``day``, the newest first; one query."""
    recorded = (
        ContractVersion.objects.recorded()
        .filter(contract=contract, published_at__lt=end_of(day))
        .select_related("source", "author", "published_by")
    )
    return list(recorded[: VERSIONS_SHOWN + 1])


def versions_of(versions: Sequence[ContractVersion], day: date, access: Access) -> list[Told]:
    """Return versions, the newest first, each with what it changed.

    Of those that had begun by ``day`` the newest is in effect.
    """
    effective = next(
        (version.pk for version in versions if version.starts_on and version.starts_on <= day), None
    )
    earlier: list[ContractVersion | None] = [*versions[1:], None]
    words = ClauseWords()
    return [
        Told(
            version,
            shown_differences(before.statement, version.statement, access, words) if before else (),
            version.pk == effective,
        )
        for version, before in zip(versions, earlier, strict=False)
    ][:VERSIONS_SHOWN]


@dataclass(frozen=True, slots=True)
class Compared:
    """Two versions, and what the later choice says otherwise than the earlier one."""

    before: ContractVersion
    after: ContractVersion
    differences: Sequence[Difference]


def compare(versions: Sequence[ContractVersion], text: tuple[str, str], access: Access) -> Compared | None:
    """Return what differs between two versions, named by their numbers; None where either isn't there."""
    known = {str(version.version): version for version in versions}
    before, after = (known.get(number) for number in text)
    if before is None or after is None:
        return None
    return Compared(before, after, shown_differences(before.statement, after.statement, access))


def compared_table(compared: Compared) -> Table:
    """Return what differs between two versions, as a file."""
    return table_of(
        f"versions-{compared.before.version}-{compared.after.version}",
        compared.differences,
        (
            ("subject", "Of", lambda each: each.subject),
            ("what", "What", lambda each: each.what),
            ("before", f"Version {compared.before.version}", lambda each: each.before),
            ("after", f"Version {compared.after.version}", lambda each: each.after),
        ),
    )


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What a source says of a contract or a line otherwise than what counts; both sides may be redacted."""

    subject: str
    what: str
    resource: str
    object_id: int
    field: str
    counts: Any
    said: Any
    source: str


def contradictions(contract: Contract, access: Access) -> list[Contradiction]:
    """Return what sources still say otherwise of a contract that was amended here, and of its lines."""
    lines = dict(ContractLine.objects.filter(contract=contract).values_list("pk", "product"))
    decided = FieldClaim.objects.filter(source__slug=OWN_SLUG)
    of_both = Q(resource="contracts", object_id=contract.pk) | Q(
        resource="contract-lines", object_id__in=lines
    )
    amended = sorted(set(decided.filter(of_both).values_list("resource", "object_id")))
    return [
        Contradiction(
            subject="Terms" if resource == "contracts" else lines[object_id],
            what=origin.label,
            resource=resource,
            object_id=object_id,
            field=origin.field,
            counts=origin.value,
            said=said.value,
            source=said.source,
        )
        for resource, object_id in amended
        for origin in read_origins(resources[resource], object_id, access)
        for said in origin.conflicts
    ]


def doubles(contract: Contract) -> list[tuple[str, date]]:
    """Return product and first day of lines that an amendment began here and a source sends too; one query.

    Both count, since nothing says that they are the same.
    """
    links = Link.objects.filter(resource="contract-lines", object_id=OuterRef("pk"))
    lines: QuerySet[Any, Any] = ContractLine.objects.live().filter(contract=contract)
    lines = lines.annotate(
        is_ours=Exists(links.filter(source__slug=OWN_SLUG)),
        is_sent=Exists(links.exclude(source__slug=OWN_SLUG)),
    ).order_by("start_on", "pk")
    rows = list(lines.values_list("product", "start_on", "is_ours", "is_sent"))
    begun = {(product.casefold(), on) for product, on, is_ours, is_sent in rows if is_ours and not is_sent}
    return [
        (product, on) for product, on, _, is_sent in rows if is_sent and (product.casefold(), on) in begun
    ]


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


def shown_differences(
    before: Statement, after: Statement, access: Access, words: ClauseWords | None = None
) -> list[Difference]:
    """Return what differs between two statements, with what may not be read as the mark of redaction."""
    found = differences(before, after, has_prices=access.allows(Category.REVENUE), words=words)
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


def _line(line: Any, day: date) -> dict[str, Any]:
    is_over = line.ends_on is not None and line.ends_on <= day
    is_recurring = not line.is_trial and line.billing_period in PERIODS_PER_YEAR
    return {
        "id": line.pk,
        "contract": str(line.contract),
        "contract_url": line.contract.get_absolute_url(),
        "product": line.product,
        "state": "ended" if is_over else "ahead" if line.start_on > day else "running",
        "start_on": line.start_on,
        "end_on": line.ends_on,
        "quantity": line.quantity.normalize(),
        "currency": line.contract.currency,
        "amount": line.amount,
        "period": PERIOD_WORDS[line.billing_period],
        "discount": line.discount_percent.normalize() or None,
        "mrr": line.mrr if is_recurring else None,
        "is_trial": line.is_trial,
    }
