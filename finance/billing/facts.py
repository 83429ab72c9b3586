"""What the bills of some payers rest on, read at once: arrangements, lines, milestones, and what was issued."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Sum, When

from accounts.models import Account
from finance.billing.agreed import payer_of, versions_on
from finance.billing.charging import Billed, Line, Span
from finance.billing.proration import DAYS, MONTHS, ONE_OFF, Price
from finance.models import (
    BillingArrangement,
    BillingMilestone,
    BillingPass,
    BillingPeriod,
    ContractLine,
    Invoice,
    InvoiceLine,
)
from sync.models import OWN_SLUG, Link

INVOICES = "invoices"
PRICED = frozenset({*MONTHS, *DAYS, ONE_OFF})


@dataclass(frozen=True, slots=True)
class Told:
    """A contract line with what a bill says of it."""

    line_id: int
    line: Line
    account_id: int
    account_name: str
    contract: str
    product: str
    quantity: Decimal
    currency: str
    is_usage: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """By payer: arrangements, lines and milestones; what was billed by payer and line, issued by name, thrown away."""

    payers: Mapping[int, Account]
    versions: Mapping[int, list[BillingArrangement]]
    lines: Mapping[int, list[Told]]
    milestones: Mapping[int, list[BillingMilestone]]
    billed: Mapping[tuple[int, int], Billed]
    issued: frozenset[str]
    passed: frozenset[tuple[int, str, date]]


def made_here() -> QuerySet[Any, Any]:
    """Return the keys of the accounts with an arrangement by which bills are made here at some time."""
    versions = BillingArrangement.objects.agreed().exclude(schedule=BillingArrangement.Schedule.ELSEWHERE)
    keys: QuerySet[Any, Any] = (
        versions.filter(account__deleted_at=None).order_by().values_list("account_id", flat=True).distinct()
    )
    return keys


def own_invoices() -> QuerySet[Invoice]:
    """Return the invoices and credit notes that were made here."""
    own = Link.objects.filter(resource=INVOICES, source__slug=OWN_SLUG, object_id=OuterRef("pk"))
    return Invoice.objects.filter(Exists(own), deleted_at=None)


def read_facts(payers: Collection[int], until: date) -> Facts:
    """Read what the bills of these payers by a day rest on; a dozen queries."""
    asked = Account.objects.filter(pk__in=list(payers), deleted_at=None).in_bulk()
    parents = {one.billing_parent_id for one in asked.values() if one.billing_parent_id} - set(asked)
    known = asked | Account.objects.filter(pk__in=parents, deleted_at=None).in_bulk()
    held = versions_on(known, until)
    paying = {pk: one for pk, one in asked.items() if payer_of(one, held, known) == pk}
    consolidated = [pk for pk in paying if pk in held and held[pk].is_consolidated]
    divisions = Account.objects.filter(billing_parent__in=consolidated, deleted_at=None)
    payer_by_account = {one.pk: one.billing_parent_id or one.pk for one in divisions}
    payer_by_account |= {pk: pk for pk in paying}
    lines = _lines(payer_by_account)
    amounts, others = _billed(lines, payer_by_account)
    gone = {line for _, line in amounts} - set(lines)
    by_payer: dict[int, list[Told]] = defaultdict(list)
    for told in lines.values():
        by_payer[payer_by_account[told.account_id]].append(told)
    for payer, told in _deleted(gone, amounts):
        by_payer[payer].append(told)
    billed = {
        (payer, line): Billed(amounts.get((payer, line), {}), sorted(others.get((payer, line), ())))
        for payer, line in {*amounts, *others}
    }
    milestones: dict[int, list[BillingMilestone]] = defaultdict(list)
    for milestone in BillingMilestone.objects.due_by(until).filter(account__in=payer_by_account):
        milestones[payer_by_account[milestone.account_id]].append(milestone)
    versions: dict[int, list[BillingArrangement]] = defaultdict(list)
    for version in BillingArrangement.objects.agreed().filter(account__in=paying).select_related("contact"):
        versions[version.account_id].append(version)
    passed = BillingPass.objects.filter(account__in=paying)
    return Facts(
        payers=paying,
        versions=versions,
        lines=by_payer,
        milestones=milestones,
        billed=billed,
        issued=_issued(paying),
        passed=frozenset(passed.values_list("account_id", "currency", "starts_on")),
    )


def _lines(accounts: Mapping[int, int]) -> dict[int, Told]:
    held = ContractLine.objects.live().with_last_day().filter(contract__account__in=list(accounts))
    return {line.pk: _told(line) for line in held.select_related("contract__account").order_by("pk")}


def _told(line: Any) -> Told:
    contract, once = line.contract, line.billing_period == ONE_OFF
    is_priced = line.billing_period in PRICED and not line.is_trial
    price = Price(line.amount, line.billing_period, line.start_on, contract.currency, line.discount_percent)
    # What is paid once is paid for its first day, so that a bill's stretches count it once.
    end = line.start_on + timedelta(days=1) if once else line.ends_on
    return Told(
        line_id=line.pk,
        line=Line(line.start_on, end, price if is_priced else None),
        account_id=contract.account_id,
        account_name=contract.account.name,
        contract=contract.number,
        product=line.product,
        quantity=line.quantity,
        currency=contract.currency,
        is_usage=line.billing_period == BillingPeriod.USAGE,
    )


def _billed(
    lines: Mapping[int, Told], paying: Mapping[int, int]
) -> tuple[dict[tuple[int, int], dict[Span, Decimal]], dict[tuple[int, int], set[Span]]]:
    """Return net amounts by payer and line, span by span, and the spans charged to others, or elsewhere.

    ``paying`` names the payer of each account.

    Credit notes take off, but for goodwill: what was given is not asked for again.
    """
    payers = set(paying.values())
    concerned = Q(contract_line__in=list(lines)) | Q(invoice__account__in=payers)
    own = Link.objects.filter(resource=INVOICES, source__slug=OWN_SLUG, object_id=OuterRef("invoice_id"))
    issued = InvoiceLine.objects.filter(
        concerned,
        contract_line__isnull=False,
        is_current=True,
        period_start__isnull=False,
        period_end__isnull=False,
        invoice__deleted_at=None,
        invoice__status__in=(Invoice.Status.ISSUED, Invoice.Status.UNCOLLECTIBLE),
    ).exclude(invoice__root_cause="goodwill")
    rows = (
        issued.annotate(is_own=Exists(own))
        .order_by()
        .values_list(
            "contract_line_id",
            "invoice__account_id",
            "invoice__currency",
            "is_own",
            "period_start",
            "period_end",
        )
        .annotate(
            sum=Sum(Case(When(invoice__kind=Invoice.Kind.CREDIT_NOTE, then=-F("net")), default=F("net")))
        )
    )
    amounts: dict[tuple[int, int], dict[Span, Decimal]] = defaultdict(dict)
    others: dict[tuple[int, int], set[Span]] = defaultdict(set)
    for line, account, currency, is_own, start, end, net in rows:
        told = lines.get(line)
        is_same = is_own and (told is None or told.currency == currency)
        if is_same and account in payers:
            amounts[account, line][start, end] = net
        if told is not None and not (is_same and account == paying[told.account_id]):
            others[paying[told.account_id], line].add((start, end))
    return dict(amounts), dict(others)


def _deleted(
    lines: Collection[int], amounts: Mapping[tuple[int, int], Mapping[Span, Decimal]]
) -> list[tuple[int, Told]]:
    """Return lines that a source has deleted since they were billed, by the payer that was: nothing is due for them."""
    held = ContractLine.objects.filter(pk__in=list(lines)).select_related("contract__account")
    gone = held.filter(Q(deleted_at__isnull=False) | Q(contract__deleted_at__isnull=False))
    found = []
    for line in gone.with_last_day():
        told = _told(line)
        nothing = Told(
            told.line_id,
            Line(told.line.start, told.line.end, None),
            told.account_id,
            told.account_name,
            told.contract,
            told.product,
            told.quantity,
            told.currency,
            is_usage=False,
        )
        found += [(payer, nothing) for payer, line_id in amounts if line_id == line.pk]
    return found


def _issued(payers: Mapping[int, Account]) -> frozenset[str]:
    """Return the names of the bills of these payers that are no drafts any more."""
    closed = Invoice.objects.exclude(status=Invoice.Status.DRAFT).filter(account__in=list(payers))
    names = Link.objects.filter(resource=INVOICES, source__slug=OWN_SLUG, object_id__in=closed.values("pk"))
    return frozenset(names.values_list("external_id", flat=True))
