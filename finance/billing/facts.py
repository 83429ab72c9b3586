"""What the invoices of some payers rest on, read at once: arrangements, lines, milestones, and what was issued."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Sum, When

from accounts.models import Account
from finance.billing.charging import Billed, Charged, Line, Span
from finance.billing.paying import Payer, stretches_by_payer
from finance.billing.proration import DAYS, MONTHS, ONE_OFF, Price
from finance.billing.querysets import MILESTONE
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
from sync.own import own_source
from sync.pipeline.locks import lock_together
from sync.registry import resources

INVOICES = "invoices"
PRICED = frozenset({*MONTHS, *DAYS, ONE_OFF})


@dataclass(frozen=True, slots=True)
class Told:
    """A contract line with what an invoice says of it."""

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
    """What is known of the payers ``asked`` for.

    By payer: lines and milestones, of its divisions too; by payer and account: the days charged; by payer and line:
    what was billed. Then invoices issued by name, and those thrown away. ``payers`` are all with an arrangement,
    billing parents and divisions among them, ``accounts`` all whose lines or milestones these are.
    """

    asked: Collection[int]
    payers: Mapping[int, Payer]
    accounts: Mapping[int, Account]
    charged: Mapping[tuple[int, int], Charged]
    lines: Mapping[int, list[Told]]
    milestones: Mapping[int, list[BillingMilestone]]
    billed: Mapping[tuple[int, int], Billed]
    issued: frozenset[str]
    passed: frozenset[tuple[int, str, date]]

    def of(self, payer: int, told: Told) -> tuple[Charged, Billed]:
        """Return on which days a line is charged to a payer, and what its invoices charged."""
        charged = self.charged.get((payer, told.account_id), Charged(()))
        return charged, self.billed.get((payer, told.line_id), Billed())


def made_here() -> QuerySet[Any, Any]:
    """Return the keys of the accounts with an arrangement by which invoices are made here at some time."""
    versions = BillingArrangement.objects.agreed().exclude(schedule=BillingArrangement.Schedule.ELSEWHERE)
    keys: QuerySet[Any, Any] = (
        versions.filter(account__deleted_at=None).order_by().values_list("account_id", flat=True).distinct()
    )
    return keys


def drafted_here() -> QuerySet[Any, Any]:
    """Return the keys of the accounts with drafts that were made here."""
    drafts = own_invoices().filter(status=Invoice.Status.DRAFT)
    keys: QuerySet[Any, Any] = drafts.order_by().values_list("account_id", flat=True).distinct()
    return keys


def own_invoices() -> QuerySet[Invoice]:
    """Return the invoices and credit notes that were made here."""
    own = Link.objects.filter(resource=INVOICES, source__slug=OWN_SLUG, object_id=OuterRef("pk"))
    return Invoice.objects.filter(Exists(own), deleted_at=None)


def read_facts(payers: Collection[int], until: date) -> Facts:
    """Read what the invoices of these payers by a day rest on; a dozen queries."""
    asked = Account.objects.filter(pk__in=list(payers), deleted_at=None).in_bulk()
    divisions = Account.objects.filter(billing_parent__in=asked, deleted_at=None).in_bulk()
    named = {one.billing_parent_id for one in asked.values() if one.billing_parent_id}
    known = Account.objects.filter(pk__in=named - asked.keys() - divisions.keys(), deleted_at=None).in_bulk()
    known |= asked | divisions
    arranged = _payers(known)
    payers_of: dict[int, list[int]] = {}
    charged: dict[tuple[int, int], Charged] = {}
    for pk in sorted(asked.keys() | divisions.keys()):
        found = stretches_by_payer(known[pk], arranged)
        anybody = sorted((one for each in found.values() for one in each), key=lambda one: one.start)
        payers_of[pk] = [payer for payer in found if payer in asked]
        charged |= {(payer, pk): Charged(found[payer], anybody) for payer in payers_of[pk]}
    lines = _lines(payers_of)
    amounts, others, rates = _billed(lines, payers_of)
    by_payer: dict[int, list[Told]] = defaultdict(list)
    for told in lines.values():
        for payer in payers_of[told.account_id]:
            by_payer[payer].append(told)
    for payer, told in _deleted(amounts.keys(), lines):
        by_payer[payer].append(told)
    billed = {
        key: Billed(amounts.get(key, {}), sorted(others.get(key, ())), rates.get(key, {}))
        for key in {*amounts, *others}
    }
    milestones: dict[int, list[BillingMilestone]] = defaultdict(list)
    due = list(BillingMilestone.objects.due_by(until).filter(account__in=payers_of))
    for milestone in due:
        for payer in payers_of[milestone.account_id]:
            milestones[payer].append(milestone)
    passed = BillingPass.objects.filter(account__in=list(asked))
    return Facts(
        asked=asked.keys() & arranged.keys(),
        payers=arranged,
        accounts=known,
        charged=charged,
        lines=by_payer,
        milestones=milestones,
        billed=billed,
        issued=_issued(asked, {milestone_id(milestone.pk) for milestone in due}),
        passed=frozenset(passed.values_list("account_id", "currency", "starts_on")),
    )


def lock_invoices() -> None:
    """Wait for the turn of whoever makes or changes invoices here; held until the transaction ends."""
    lock_together(resources=[resources[INVOICES]], sources=[own_source()])


def milestone_id(milestone: int) -> str:
    """Return the external id of a milestone's invoice."""
    return f"{MILESTONE}{milestone}"


def _payers(known: Mapping[int, Account]) -> dict[int, Payer]:
    versions: dict[int, list[BillingArrangement]] = defaultdict(list)
    for version in BillingArrangement.objects.agreed().filter(account__in=list(known)):
        versions[version.account_id].append(version)
    return {pk: Payer(known[pk], held) for pk, held in versions.items()}


def _lines(accounts: Collection[int]) -> dict[int, Told]:
    held = ContractLine.objects.live().with_last_day().filter(contract__account__in=list(accounts))
    return {line.pk: _told(line) for line in held.select_related("contract__account").order_by("pk")}


def _told(line: Any) -> Told:
    contract, once = line.contract, line.billing_period == ONE_OFF
    is_priced = line.billing_period in PRICED and not line.is_trial
    price = Price(line.amount, line.billing_period, line.start_on, contract.currency, line.discount_percent)
    # What is paid once is paid for its first day, so that an invoice's stretches count it once.
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
    lines: Mapping[int, Told], payers_of: Mapping[int, Collection[int]]
) -> tuple[
    dict[tuple[int, int], dict[Span, Decimal]],
    dict[tuple[int, int], set[Span]],
    dict[tuple[int, int], dict[Span, Decimal]],
]:
    """Return by payer and line, span by span: net amounts; what others were charged, or elsewhere; and rates of tax.

    ``payers_of`` names the payers of each account. Credit notes take off, but for goodwill: what was given is not
    asked for again. Where a span was charged at several rates, the one of the most of it counts.
    """
    payers = {payer for each in payers_of.values() for payer in each}
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
            "tax_percent",
        )
        .annotate(
            sum=Sum(Case(When(invoice__kind=Invoice.Kind.CREDIT_NOTE, then=-F("net")), default=F("net")))
        )
    )
    amounts: dict[tuple[int, int], dict[Span, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    others: dict[tuple[int, int], set[Span]] = defaultdict(set)
    rates: dict[tuple[int, int], dict[Span, Decimal]] = defaultdict(dict)
    for line, account, currency, is_own, start, end, rate, net in sorted(rows, key=lambda row: abs(row[-1])):
        told = lines.get(line)
        is_same = is_own and (told is None or told.currency == currency)
        if is_same and account in payers:
            amounts[account, line][start, end] += net
            rates[account, line][start, end] = rate
        for payer in payers_of[told.account_id] if told is not None else ():
            if not (is_same and account == payer):
                others[payer, line].add((start, end))
    return {key: dict(held) for key, held in amounts.items()}, dict(others), dict(rates)


def _deleted(billed: Collection[tuple[int, int]], lines: Mapping[int, Told]) -> list[tuple[int, Told]]:
    """Return lines that a source has deleted since they were billed, by the payer that was: nothing is due for them."""
    payers: dict[int, list[int]] = defaultdict(list)
    for payer, line_id in billed:
        if line_id not in lines:
            payers[line_id].append(payer)
    held = ContractLine.objects.filter(pk__in=list(payers)).select_related("contract__account")
    gone = held.filter(Q(deleted_at__isnull=False) | Q(contract__deleted_at__isnull=False))
    return [
        (payer, replace(told, line=replace(told.line, price=None), is_usage=False))
        for told in map(_told, gone.with_last_day())
        for payer in payers[told.line_id]
    ]


def _issued(payers: Collection[int], milestones: Collection[str]) -> frozenset[str]:
    """Return the names of these payers' invoices that are no drafts any more; of milestones whoever was billed."""
    closed = Invoice.objects.exclude(status=Invoice.Status.DRAFT)
    names = Link.objects.filter(
        Q(object_id__in=closed.filter(account__in=list(payers)).values("pk"))
        | Q(external_id__in=list(milestones), object_id__in=closed.values("pk")),
        resource=INVOICES,
        source__slug=OWN_SLUG,
    )
    return frozenset(names.values_list("external_id", flat=True))
