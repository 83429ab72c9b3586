"""Customers who owe, and policies that ask them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import Account, Contact
from finance.collections.planning import plan_dunning
from finance.collections.policy import Stage, stages_of
from finance.collections.policy_services import create_policy_draft, publish_policy, save_policy_draft
from finance.collections.promises import record_promise
from finance.collections.sending import mark_lost, send_due
from finance.models import (
    Allocation,
    DunningMessage,
    DunningPolicy,
    Invoice,
    InvoiceDispute,
    InvoiceLine,
    Payment,
    PaymentPromise,
)
from metrics.engine.plan import today
from people.models import User
from tests.metrics.facts import make_account
from tests.users import make_user

_numbers = count(1)
DAY = today()
# As ``finance.invoices.records`` keeps a line.
LINE = {"number": 1, "description": "Licence", "quantity": "1", "tax_percent": "0", "tax": "0"}
THRESHOLDS = {"EUR": Decimal(150), "USD": Decimal(100)}


def in_days(days: int) -> date:
    """Return the day so many days from today."""
    return DAY + timedelta(days=days)


def make_debtor(
    tier: str | None = "standard", *, email: str = "pay@customer.example", **fields: Any
) -> Account:
    """Create a customer with an economic buyer; without ``email`` nobody can be written to."""
    account = make_account(tier, **{"name": f"Debtor {next(_numbers)}", **fields})
    if email:
        Contact.objects.create(account=account, name="Ida Berg", role="economic_buyer", email=email)
    return account


def make_invoice(account: Account, amount: str | int, currency: str = "EUR", *, overdue: int = 10) -> Invoice:
    """Create an invoice of one line that was due so many days ago."""
    number = next(_numbers)
    total = Decimal(amount)
    invoice = Invoice.objects.create(
        account=account,
        number=f"INV-{number}",
        issued_on=in_days(-overdue - 30),
        due_on=in_days(-overdue),
        currency=currency,
        net=total,
        total=total,
        lines=[{**LINE, "net": f"{total}"}],
    )
    InvoiceLine.objects.create(
        invoice=invoice, number=1, account=account, description="Licence", net=total, total=total
    )
    return invoice


def pay(invoice: Invoice, amount: str | int, on: date = DAY) -> Allocation:
    """Pay some of an invoice."""
    given = {"amount": Decimal(amount), "paid_on": on, "currency": invoice.currency}
    payment = Payment.objects.create(invoice=invoice, account=invoice.account, **given)
    return Allocation.objects.create(
        payment=payment, invoice=invoice, amount=Decimal(amount), on=on, kind="sent", at=timezone.now()
    )


def pay_ahead(account: Account, amount: str | int, currency: str = "EUR") -> Payment:
    """Have an account pay without a word for which invoice; negative is a refund."""
    return Payment.objects.create(account=account, amount=Decimal(amount), paid_on=DAY, currency=currency)


def dispute(invoice: Invoice, reason: str = "Not ordered") -> InvoiceDispute:
    """Object to an invoice's line."""
    line = invoice.positions.get()
    return InvoiceDispute.objects.create(line=line, reason=reason, opened_by=make_user("finance"))


def make_stage(**fields: Any) -> Stage:
    """Return a stage: from one day overdue on, two attempts, two days apart."""
    given: dict[str, Any] = {
        "name": "Reminder",
        "days_overdue": 1,
        "attempts": 2,
        "delay_days": 2,
        "subject": "{amount} is overdue",
        "text": "Hello {recipient},\n{invoices}",
        "thresholds": THRESHOLDS,
    }
    return Stage(**{**given, **fields})


def put_in_force(*stages: Stage, tiers: tuple[str, ...] = (), by: User | None = None) -> DunningPolicy:
    """Publish a policy of these stages, by default one of two attempts, two days apart."""
    draft = create_policy_draft(by=by)
    held = save_policy_draft(policy=draft, by=by, stages=stages or (make_stage(),), tiers=tiers)
    assert stages_of(held)
    return publish_policy(policy=held, by=by)


def run(day: date = DAY) -> int:
    """Do what the schedule does; return how many mails went out."""
    mark_lost()
    plan_dunning(day)
    return send_due(day)


def states() -> list[str]:
    """Return how far each message has come, the oldest first."""
    return list(DunningMessage.objects.order_by("pk").values_list("state", flat=True))


def make_promise(account: Account, amount: str = "300", days: int = 5) -> PaymentPromise:
    """Write down that a customer said they would pay within so many days."""
    return record_promise(
        account=account,
        currency="EUR",
        amount=Decimal(amount),
        due_on=in_days(days),
        promised_by="Ida Berg",
        by=make_user("finance"),
        day=DAY,
    )
