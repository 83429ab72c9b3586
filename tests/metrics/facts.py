"""Facts to count: accounts, contracts, tickets, touches and use, with as few words as a test needs."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from accounts.models import Account, Contact, Tier
from engagement.models import Engagement, NpsResponse, Opportunity
from finance.models import (
    Allocation,
    Contract,
    ContractLine,
    ExchangeRate,
    Invoice,
    InvoiceCorrection,
    InvoiceDispute,
    InvoiceLine,
    Payment,
    PaymentPromise,
    RevenueToRecompute,
)
from finance.revenue.ledger import follow_lines, follow_rates
from metrics.engine.plan import plan_refresh
from metrics.engine.steps import work_off
from metrics.engine.store import store_metric, store_segments
from metrics.models import MetricValue, RefreshRun, SegmentValue
from metrics.registry import metrics, rollups, segment_metrics
from product.models import EntitledFeature, UsageDayToRecompute, UsageEvent
from support.models import CsatResponse, Ticket, TicketEvent, TimeEntry
from sync.models import Source
from tests.users import make_user

TODAY = date(2026, 11, 20)
LAST = 2**63 - 1
_numbers = count(1)


def at(day: date, hour: int = 12) -> datetime:
    """Return an hour of a day, in UTC."""
    return datetime.combine(day, time(hour), UTC)


def ago(days: int) -> date:
    """Return the day so many days before TODAY."""
    return TODAY - timedelta(days=days)


def make_account(tier: str | None = None, **fields: Any) -> Account:
    """Create a customer."""
    fields.setdefault("name", f"Account {next(_numbers)}")
    fields.setdefault("lifecycle", "customer")
    return Account.objects.create(tier=Tier.objects.get(slug=tier) if tier else None, **fields)


def make_line(
    account: Account,
    start: date,
    end: date | None = None,
    amount: str | Decimal | int = 1200,
    *,
    period: str = "year",
    currency: str = "USD",
    contract: Contract | None = None,
    terms: dict[str, Any] | None = None,
    **fields: Any,
) -> ContractLine:
    """Create a line, on a contract of its own that is open-ended unless ``terms`` say otherwise."""
    contract = contract or Contract.objects.create(
        account=account, currency=currency, **({"start_on": start} | (terms or {}))
    )
    RevenueToRecompute.objects.get_or_create(account=account)
    return ContractLine.objects.create(
        contract=contract,
        product=fields.pop("product", "Plan"),
        start_on=start,
        end_on=end,
        amount=Decimal(amount),
        billing_period=period,
        **fields,
    )


def make_rate(currency: str, on: date, rate: str) -> ExchangeRate:
    """Create a rate into the reporting currency."""
    return ExchangeRate.objects.create(currency=currency, on=on, rate=Decimal(rate))


def make_ticket(account: Account, opened: date, solved: date | None = None, **fields: Any) -> Ticket:
    """Create a ticket opened, and perhaps solved, at noon."""
    return Ticket.objects.create(
        account=account,
        subject="Question",
        opened_at=fields.pop("opened_at", at(opened)),
        solved_at=at(solved) if solved else None,
        **fields,
    )


def make_event(
    ticket: Ticket, day: date, kind: str, value: str = "", before: str = "", **fields: Any
) -> None:
    """Create an event of a ticket at noon, with the value that it changed."""
    fields.setdefault("occurred_at", at(day))
    TicketEvent.objects.create(ticket=ticket, kind=kind, value=value, value_before=before, **fields)


def make_rating(account: Account, day: date, rating: int | None, **fields: Any) -> CsatResponse:
    """Create an answer, or none, to who was asked at noon."""
    return CsatResponse.objects.create(account=account, rating=rating, **({"asked_at": at(day)} | fields))


def make_worked(ticket: Ticket, day: date, minutes: int, **fields: Any) -> TimeEntry:
    """Create an entry of time that somebody worked on a ticket."""
    return TimeEntry.objects.create(ticket=ticket, worked_on=day, minutes=minutes, **fields)


def make_answer(account: Account, day: date, score: int | None, who: str = "", **fields: Any) -> NpsResponse:
    """Create somebody's answer to the question of NPS, or none, given at noon."""
    return NpsResponse.objects.create(
        account=account, score=score, respondent_email=who, **({"asked_at": at(day)} | fields)
    )


def make_entitled(account: Account, feature: str, start: date, end: date | None = None) -> EntitledFeature:
    """Let an account use a feature."""
    return EntitledFeature.objects.create(account=account, feature=feature, start_on=start, end_on=end)


def make_contact(account: Account, role: str = "champion", **fields: Any) -> Contact:
    """Create a person at the customer."""
    return Contact.objects.create(account=account, name=f"Contact {next(_numbers)}", role=role, **fields)


def make_touch(
    account: Account, day: date, contact: Contact | None = None, kind: str = "call", **fields: Any
) -> Engagement:
    """Create a touch at noon."""
    return Engagement.objects.create(
        account=account, contact=contact, kind=kind, occurred_at=at(day), **fields
    )


def make_deal(account: Account, opened: date, close: date, **fields: Any) -> Opportunity:
    """Create an opportunity, open unless told otherwise."""
    name = fields.pop("name", None) or f"Deal {next(_numbers)}"
    return Opportunity.objects.create(account=account, name=name, opened_on=opened, close_on=close, **fields)


def make_use(account: Account, day: date, times: int = 1, *, user: str = "u1", feature: str = "f1") -> None:
    """Create usage events at noon and mark their day, as intake does."""
    make_use_at(account, at(day), times, user=user, feature=feature)


def make_use_at(
    account: Account, moment: datetime, times: int = 1, *, user: str = "u1", feature: str = "f1"
) -> None:
    """Create usage events of one moment and mark their day."""
    source, _ = Source.objects.get_or_create(slug="segment", defaults={"name": "Segment"})
    UsageEvent.objects.bulk_create(
        UsageEvent(
            source=source,
            external_id=f"e{next(_numbers)}",
            account=account,
            event="used",
            occurred_at=moment,
            user=user,
            feature=feature,
            batch_id=0,
            xid=0,
        )
        for _ in range(times)
    )
    UsageDayToRecompute.objects.get_or_create(account_id=account.pk, day=moment.astimezone(UTC).date())


def roll_up(key: str, as_of: date = TODAY) -> int:
    """Run a declared roll-up over all accounts."""
    return rollups[key].query(as_of, 0, LAST)


def follow_revenue(as_of: date = TODAY) -> int:
    """Bring rates and ledger up to the contract lines, as the refresh does ahead of the numbers; return the entries."""
    follow_rates()
    return follow_lines(as_of=as_of, first=0, last=LAST)


def measure(key: str, as_of: date = TODAY) -> dict[int, Decimal]:
    """Store one metric of a day, with the ledger up to date, and return it by account."""
    follow_revenue(as_of)
    store_metric(metrics[key], as_of, 0, LAST)
    return dict(MetricValue.objects.on(as_of).filter(key=key).values_list("account_id", "value"))


def measure_segments(key: str, as_of: date = TODAY) -> dict[tuple[str, str, str], SegmentValue]:
    """Store the numbers of one segment declaration, with the ledger up to date; by key, dimension and member."""
    follow_revenue(as_of)
    store_segments(segment_metrics[f"{key}:segments"], as_of)
    return {(row.key, row.dimension, row.member): row for row in SegmentValue.objects.filter(as_of=as_of)}


def refresh(as_of: date = TODAY) -> RefreshRun:
    """Refresh a day from planning to the end."""
    run = plan_refresh(as_of=as_of, cause="test")
    work_off()
    run.refresh_from_db()
    return run


def make_invoice(account: Account, issued_on: date, due_on: date | None = None, **fields: Any) -> Invoice:
    """Create an issued invoice with a line of 60 and one of 40."""
    values = {"number": "R", "currency": "USD", "net": 100, "total": 100, "lines": [1]} | fields
    invoice = Invoice.objects.create(account=account, issued_on=issued_on, due_on=due_on, **values)
    for number, net in enumerate((60, 40), start=1):
        InvoiceLine.objects.create(
            invoice=invoice, number=number, account=account, description="Seats", net=net, total=net
        )
    return invoice


def make_payment(invoice: Invoice, paid_on: date, amount: int = 100) -> Payment:
    """Create a payment that settles an invoice."""
    payment = Payment.objects.create(
        account=invoice.account, invoice=invoice, paid_on=paid_on, amount=amount, currency=invoice.currency
    )
    Allocation.objects.create(payment=payment, invoice=invoice, amount=amount, on=paid_on, kind="sent")
    return payment


def make_invoices(account: Account, place: int) -> None:
    """Create an invoice paid late, one overdue and disputed in part, a correction, and a promise that was broken."""
    paid = make_invoice(account, ago(80), ago(50), number="=R-1")
    make_payment(paid, ago(45 - place))
    late = make_invoice(account, ago(70), ago(40 + place), currency=("USD", "EUR")[place % 2], number="R-2")
    disputed = InvoiceDispute.objects.create(
        line=late.positions.order_by("number").last(), reason="=Not ours", opened_by=make_user("finance")
    )
    InvoiceDispute.objects.filter(pk=disputed.pk).update(opened_at=at(ago(30)))
    PaymentPromise.objects.create(
        account=account,
        currency=late.currency,
        amount=40,
        made_on=ago(90),
        due_on=ago(20 + place),
        promised_by="=Ida",
        recorded_by=make_user("finance"),
        state="broken",
        decided_at=at(ago(10)),
    )
    InvoiceCorrection.objects.create(
        invoice=(paid, late)[place % 2],
        kind="changed",
        total_before=110,
        total_after=100,
        root_cause=("wrong_price", "goodwill", "")[place % 3],
        found_on=ago(20),
    )
