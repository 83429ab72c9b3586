"""What the sample company knows, before any source system gives it a shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demo.company.lives import Life
    from demo.company.usage import UsagePlan


@dataclass(slots=True)
class Account:
    """A company or a division, with the life that its contracts, tickets and usage follow.

    ``size`` is the ARR in US dollars that it pays today, paid last, or could pay. ``invoicing`` is how it wants its
    bills, and since when the old billing system no longer makes them.
    """

    id: str
    name: str
    domain: str
    industry: str
    country: str
    currency: str
    employees: int
    lifecycle: str
    tier: str
    size: float
    owner_email: str
    sponsor_email: str | None
    success_email: str | None
    workspace_ids: tuple[str, ...]
    created_at: datetime
    modified_at: datetime
    life: Life
    parent: str | None = None
    billing_parent: str | None = None
    invoicing: Invoicing | None = None


@dataclass(frozen=True, slots=True)
class Invoicing:
    """A plan of billing that was agreed with a customer, by its name, and the day from which it counts."""

    plan: str
    since: date


@dataclass(slots=True)
class Contact:
    """A person at an account; ``left_at`` is when they stopped being anyone to talk to."""

    id: str
    account: str
    first_name: str
    last_name: str
    email: str
    phone: str | None
    title: str
    role: str
    created_at: datetime
    modified_at: datetime
    left_at: datetime | None = None


@dataclass(slots=True)
class Line:
    """One priced position; ``unit_price`` is for one unit and billing period, in the contract's currency."""

    id: str
    product: str
    start: date
    end: date | None
    quantity: int
    unit_price: Decimal
    billing_period: str
    discount_percent: Decimal = Decimal(0)
    is_trial: bool = False
    updated_at: datetime | None = None


@dataclass(slots=True)
class Contract:
    """An agreement for a term, or month to month where it has no end."""

    id: str
    account: str
    number: str
    start: date
    end: date | None
    currency: str
    notice_days: int
    auto_renew: bool
    renewal_months: int | None
    payment_terms_days: int
    updated_at: datetime
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class BillLine:
    """One position of an invoice, of the contract line ``item``; ``end`` is the first day after its period."""

    item: str
    description: str
    start: date
    end: date | None
    quantity: int
    net: Decimal
    tax_percent: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        """What is to be paid of it."""
        return self.net + self.tax


@dataclass(slots=True)
class Bill:
    """An invoice; ``dispute`` is what the customer objects to, where they do."""

    id: str
    account: str
    number: str
    currency: str
    issued_on: date
    due_on: date
    purchase_order: str
    lines: list[BillLine]
    dispute: str = ""

    @property
    def total(self) -> Decimal:
        """The sum of its lines."""
        return sum((line.total for line in self.lines), Decimal(0))


@dataclass(slots=True)
class CreditNote:
    """What takes a wrong amount off an invoice; ``root_cause`` is empty until somebody has named it."""

    id: str
    number: str
    invoice: Bill
    issued_on: date
    root_cause: str
    lines: list[BillLine]


@dataclass(frozen=True, slots=True)
class Paid:
    """A transfer that came; without ``invoice`` it says only who paid."""

    id: str
    account: str
    invoice: str | None
    paid_on: date
    amount: Decimal
    currency: str
    reference: str


@dataclass(slots=True)
class Ticket:
    """A question to the help desk."""

    number: int
    account: str
    subject: str
    priority: str
    status: str
    opened_at: datetime
    first_replied_at: datetime | None
    solved_at: datetime | None
    requester_email: str
    assignee_email: str | None
    product_area: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """What happened to a ticket; ``value`` is the new status or priority."""

    id: int
    ticket: int
    kind: str
    occurred_at: datetime
    value: str | None


@dataclass(frozen=True, slots=True)
class Rating:
    """Somebody asked about a ticket, and 1 to 5 where they answered."""

    id: int
    ticket: int
    email: str
    asked_at: datetime
    responded_at: datetime | None
    rating: int | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A contact asked whether they would recommend us, and 0 to 10 where they answered."""

    id: str
    account: str
    contact: str
    asked_at: datetime
    responded_at: datetime | None
    score: int | None


@dataclass(slots=True)
class Engagement:
    """A touch between our people and theirs."""

    id: str
    account: str
    contact: str | None
    kind: str
    direction: str
    subject: str
    occurred_at: datetime
    user_email: str | None


@dataclass(slots=True)
class Opportunity:
    """A deal, worth ``amount`` a year in ``currency``; ``contacts`` are the ids of those who take part."""

    id: str
    account: str
    name: str
    kind: str
    stage: str
    is_won: bool
    is_closed: bool
    amount: int
    currency: str
    opened_on: date
    close_on: date
    created_at: datetime
    modified_at: datetime
    contacts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rate:
    """US dollars per one unit of a currency, from a day on."""

    currency: str
    on: date
    rate: Decimal


@dataclass(slots=True)
class Company:
    """Everything of one sample company; usage events stay a plan, since a million don't need to be held."""

    seed: int
    today: date
    scale: float
    accounts: list[Account]
    contacts: list[Contact]
    contracts: list[Contract]
    bills: list[Bill]
    credit_notes: list[CreditNote]
    payments: list[Paid]
    tickets: list[Ticket]
    ticket_events: list[TicketEvent]
    ratings: list[Rating]
    recommendations: list[Recommendation]
    engagements: list[Engagement]
    opportunities: list[Opportunity]
    rates: list[Rate]
    usage: UsagePlan
