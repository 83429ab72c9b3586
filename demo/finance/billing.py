"""How customers of the sample company are billed here: what was agreed, bills month by month, what was paid of them.

Made through the services, each step dated as of then: arrangements for whom the CRM says so, a billing run on the
first of each month, milestones, payments, a credit note, a draft that was thrown away, and drafts that wait.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Sum

from accounts.models import Account, Contact, ContactRole
from demo.company.chance import months_after, rng_for
from demo.company.invoicing import GROUP
from demo.finance.people import BILLING, FINANCE, decide, person
from demo.past import as_of
from demo.team import COMPANY, DOMAIN
from finance.billing.arranging import (
    add_milestone,
    expected_of,
    propose_arrangement,
    reach_milestone,
)
from finance.billing.drafting import draft_invoices, drafts_of
from finance.billing.issuing import credit_invoice, issue_drafts, seen_of, throw_away_drafts
from finance.billing.seller.services import write_particulars
from finance.billing.seller.terms import Particulars
from finance.billing.terms import BillingTerms
from finance.invoices.services import allocate_automatically
from finance.models import BillingArrangement, Invoice, InvoiceLine, Payment
from metrics.engine.plan import today
from people.models import User
from sync.own import send_own_records

Schedule, Timing = BillingArrangement.Schedule, BillingArrangement.Timing
ASKS, NEXT_MONTH = "asks", "next_month"
UNISSUED_DAYS = 14
# The run in which a draft is thrown away.
THROWN_AWAY = 4
# Their invoice that fell due last isn't paid: so that somebody who is asked by people, not by mails, is overdue.
LATE_PLANS, LATE_DAYS = ("quarterly", "half_yearly"), 10
TAX = {"DE": Decimal(19)}
SEED = 28
# (what, amount, due in so many days, what must be reached, when it was reached in days from today).
MILESTONES = (
    ("Data migration accepted", "12500.00", None, "Acceptance signed by their project lead", -52),
    ("Go-live of the second region", "18000.00", None, "First day of production use", -9),
    ("Training of key users completed", "6400.00", 21, "", None),
    ("Integration with their ERP accepted", "22000.00", None, "Acceptance signed by their IT", None),
)
# No register, tax office or bank knows them, but their check digits are right.
SELLS_SINCE = date(2020, 1, 1)
SELLER = Particulars(
    name=f"{COMPANY} GmbH",
    address="Am Mühlenfleet 4\n20459 Hamburg",
    country="DE",
    vat_number="DE123456788",
    registration="Amtsgericht Hamburg, HRB 000000; managing director: Ines Falk",
    email=f"billing@{DOMAIN}",
    bank="Sample Bank",
    iban="DE58123456780123456789",
    bic="SAMPDEHH",
    payment_hint="Name the number of the invoice and nothing else, so that your payment finds it.",
)
NOTES = {
    GROUP: "One invoice for the group, to their shared accounts payable team.",
    "agreed_days": "Their budget is released on these days.",
    "milestones": "Custom development is paid as it is accepted.",
    ASKS: "They pay their own suppliers by the quarter and ask for the same.",
}


def bill_customers() -> bool:
    """Agree how customers are billed and tell their invoices until today; return whether that was still to be done."""
    if BillingArrangement.objects.exists():
        return False
    finance, billing = person(FINANCE), person(BILLING)
    # All or nothing: half a history would be taken for a whole one.
    with transaction.atomic():
        with as_of(SELLS_SINCE):
            write_particulars(particulars=SELLER, starts_on=SELLS_SINCE, by=finance)
        asked = _agree(finance, billing)
        if asked:
            _tell_invoices(sorted(asked), finance, billing)
    return True


def terms_for(account: Account, plan: str, since: date) -> BillingTerms:
    """Return what was agreed under a plan of the CRM."""
    buyer = (
        Contact.objects.live()
        .filter(account=account, is_active=True, role=ContactRole.ECONOMIC_BUYER)
        .exclude(email="")
        .order_by("pk")
        .first()
    )
    made = partial(BillingTerms, contact=buyer, tax_percent=TAX.get(account.country, Decimal(0)))
    year = since.replace(month=1, day=1)
    agreed_days = tuple(months_after(year, month).replace(day=15) for month in range(0, 36, 4))
    return {
        GROUP: partial(
            made,
            schedule=Schedule.QUARTERLY,
            bill_month=since.month,
            is_consolidated=True,
            payment_days=45,
            contact=None,
            email=f"accounts-payable@{account.domain}",
            purchase_order="PO-GROUP-2026-118",
        ),
        "quarterly": partial(made, schedule=Schedule.QUARTERLY, bill_month=since.month, payment_days=60),
        "half_yearly": partial(made, schedule=Schedule.HALF_YEARLY, bill_month=since.month),
        "agreed_days": partial(
            made, schedule=Schedule.CUSTOM, dates=agreed_days, purchase_order="4500071182"
        ),
        "milestones": partial(made, schedule=Schedule.MILESTONES),
        "monthly": partial(made, schedule=Schedule.MONTHLY),
        "mid_month": partial(made, schedule=Schedule.MONTHLY, bill_day=15),
        "in_arrears": partial(made, schedule=Schedule.MONTHLY, timing=Timing.ARREARS),
        "month_end": partial(made, schedule=Schedule.MONTHLY, bill_day=31),
        "annual": partial(made, schedule=Schedule.ANNUAL, bill_month=since.month),
        NEXT_MONTH: partial(made, schedule=Schedule.MONTHLY, bill_day=1),
        ASKS: partial(made, schedule=Schedule.QUARTERLY, bill_month=since.month, payment_days=60),
    }[plan]()


def _agree(finance: User, billing: User) -> list[int]:
    """Write every arrangement, with somebody else's word where it needs one; return who is billed by them."""
    found = []
    wanted = Account.objects.live().filter(custom__has_key="invoicing_plan")
    for account in wanted.order_by("pk"):
        plan, since = account.custom["invoicing_plan"], date.fromisoformat(account.custom["invoicing_since"])
        with as_of(min(since - timedelta(days=12), today() - timedelta(days=3))):
            proposed = propose_arrangement(
                account=account,
                terms=terms_for(account, plan, since),
                starts_on=since,
                by=billing,
                expected=expected_of(account),
                note=NOTES.get(plan, ""),
            )
            if plan != ASKS:
                decide(proposed.request, "a", "")
            if plan in ("milestones", "quarterly"):
                _plan_milestones(account, is_whole=plan == "milestones", by=finance)
        if plan not in (ASKS, NEXT_MONTH):
            found.append(account.pk)
    return found


def _plan_milestones(account: Account, *, is_whole: bool, by: User) -> None:
    """Plan the milestones of a project; ``is_whole`` where the account is billed by nothing else."""
    for label, amount, due_in, event, reached in MILESTONES[0::3] if is_whole else MILESTONES[1:3]:
        milestone = add_milestone(
            account=account,
            label=label,
            amount=Decimal(amount),
            currency=account.currency or "USD",
            due_on=None if due_in is None else today() + timedelta(days=due_in),
            event=event,
            by=by,
        )
        if reached is not None:
            reach_milestone(milestone=milestone, on=today() + timedelta(days=reached), by=by)


def _tell_invoices(payers: Sequence[int], finance: User, billing: User) -> None:
    """Issue invoices on the first of each month, let them be paid, and leave what has come due since as drafts."""
    for place, day in enumerate(_billing_days(payers)):
        with as_of(day):
            draft_invoices(until=day, by=None, accounts=payers)
            if place == THROWN_AWAY:
                _throw_one_away(payers, finance)
            drafts = list(drafts_of(payers).values())
            if drafts:
                issue_drafts(seen=[seen_of(draft) for draft in drafts], on=day, by=billing)
    _credit(payers, finance)
    _pay(payers, finance)
    draft_invoices(until=today(), by=None, accounts=payers)


def _billing_days(payers: Sequence[int]) -> Iterator[date]:
    starts = BillingArrangement.objects.filter(account__in=payers).values_list("starts_on", flat=True)
    day = min(start for start in starts if start is not None)
    # What came due lately is still to be looked at.
    while day <= today() - timedelta(days=UNISSUED_DAYS):
        yield day
        day = months_after(day, 1)


def _made_here(payers: Sequence[int]) -> list[Invoice]:
    issued = Invoice.objects.owed().filter(account__in=payers, number__startswith="INV-")
    return list(issued.order_by("number"))


def _credit(payers: Sequence[int], by: User) -> None:
    """Take back part of two invoices: a price that was wrong, and a gesture."""
    issued = [one for one in _made_here(payers) if one.total > 0]
    for invoice, cause, share in zip(
        issued[2::5], ("wrong_price", "goodwill"), ("0.08", "0.05"), strict=False
    ):
        line = InvoiceLine.objects.filter(invoice=invoice).order_by("-net", "pk").first()
        if line is None:
            continue
        back = (line.net * Decimal(share)).quantize(Decimal("0.01"))
        on = min(invoice.issued_on + timedelta(days=11), today() - timedelta(days=1))
        with as_of(on):
            credit_invoice(invoice=invoice, root_cause=cause, on=on, by=by, amounts={line.number: back})


def _pay(payers: Sequence[int], by: User) -> None:
    """Record what came for the invoices: most in time, some late, some without saying what for, some not yet."""
    issued = _made_here(payers)
    late = {invoice.pk for invoice in _late(issued)}
    paid = [invoice for invoice in issued if invoice.pk not in late]
    transfers = [record for invoice in paid if (record := _transfer(invoice)) is not None]
    send_own_records("payments", transfers, by=by)
    unnamed = Payment.objects.filter(account__in=payers, invoice=None, deleted_at=None)
    # The last transfer that names nothing still waits for somebody to say what it is for.
    accounts = sorted(set(unnamed.order_by("-paid_on").values_list("account_id", flat=True)[1:]))
    if accounts:
        with as_of(today() - timedelta(days=6)):
            allocate_automatically(accounts=accounts, as_of=today() - timedelta(days=6), by=by)


def _late(issued: Sequence[Invoice]) -> Iterator[Invoice]:
    """Yield the invoice of each payer of ``LATE_PLANS`` that fell due last, long enough ago to be asked for."""
    before = today() - timedelta(days=LATE_DAYS)
    accounts = Account.objects.filter(custom__invoicing_plan__in=LATE_PLANS).in_bulk()
    for payer in accounts:
        due = [one for one in issued if one.account_id == payer and one.due_on and one.due_on < before]
        yield from sorted(due, key=lambda one: (one.due_on or before, one.pk))[-1:]


def _transfer(invoice: Invoice) -> Mapping[str, Any] | None:
    rng: random.Random = rng_for(SEED, "own payment", invoice.number)
    credited = Invoice.objects.filter(corrects=invoice, status="issued").aggregate(sum=Sum("total"))["sum"]
    owed = invoice.total - (credited or 0)
    due = invoice.due_on or invoice.issued_on + timedelta(days=30)
    paid_on = due + timedelta(days=rng.choice((-9, -4, -2, 0, 1, 3, 8, 26)))
    if paid_on >= today() or owed <= 0:
        return None
    names = {"invoice": invoice.pk} if rng.random() > 0.12 else {"account": invoice.account_id}
    return {
        "external_id": f"transfer-{invoice.number}",
        "paid_on": max(paid_on, invoice.issued_on).isoformat(),
        "amount": str(owed),
        "currency": invoice.currency,
        "reference": f"Transfer {rng.randrange(10**7, 10**8)}",
        **names,
    }


def _throw_one_away(payers: Sequence[int], by: User) -> None:
    """Throw the smallest draft away that a stretch of time can do without: its lines come with the next invoice."""
    drafts = [one for one in drafts_of(payers).values() if one.period_start is not None]
    if not drafts:
        return
    smallest = min(drafts, key=lambda one: (one.total, one.pk))
    reason = "Too small for an invoice of its own; comes with the next one."
    throw_away_drafts(seen=[seen_of(smallest)], reason=reason, by=by)
