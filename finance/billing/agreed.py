"""What holds for an account's invoices on a day: who is billed and when, how long payment may take, who gets them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q
from django.urls import reverse

from accounts.models import Account, Contact
from common.formatting import format_date
from finance.entitlements import PAYMENT_TERMS
from finance.models import BillingArrangement
from tiers.entitlements.resolution import Entitled, entitlements_of

ELSEWHERE = BillingArrangement.Schedule.ELSEWHERE


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom an account's invoices go to; ``email`` is empty where nobody is known yet."""

    name: str
    email: str
    origin: str


@dataclass(frozen=True, slots=True)
class Terms:
    """Days from the issue of an invoice until it is due, and what gave them; ``url`` leads there if it may be read."""

    days: int
    origin: str
    url: str = ""
    is_from_contract: bool = False


@dataclass(frozen=True, slots=True)
class Agreed:
    """How an account is billed on a day; ``version`` is the payer's, None where nothing was agreed.

    ``payer`` is the billing parent where its invoices are consolidated, else the account itself.
    """

    account: Account
    payer: Account
    version: BillingArrangement | None
    terms: Terms
    recipient: Recipient
    purchase_order: str
    tax_percent: Any

    @property
    def is_made_here(self) -> bool:
        """Whether the product makes the invoices."""
        return self.version is not None and self.version.schedule != ELSEWHERE

    @property
    def schedule(self) -> str:
        """When invoices come, in words."""
        return words_of_schedule(self.version) if self.version else "Made in another system"


def arrangement_of(account: Account, on: date) -> Agreed:
    """Return what holds for one account's invoices on a day; at most six queries."""
    return arrangements_of([account], on)[account.pk]


def arrangements_of(accounts: Iterable[Account], on: date) -> dict[int, Agreed]:
    """Return what holds on a day by account; the same few queries, however many there are."""
    asked = {account.pk: account for account in accounts}
    parents = {account.billing_parent_id for account in asked.values() if account.billing_parent_id}
    payers = asked | Account.objects.filter(deleted_at=None).in_bulk(parents - set(asked))
    held = versions_on(payers, on)
    paying = {pk: payers[payer_of(account, held, payers)] for pk, account in asked.items()}
    terms = entitlements_of({account.pk: account for account in paying.values()}.values(), (PAYMENT_TERMS,))
    return {
        pk: _agreed(account, paying[pk], held.get(paying[pk].pk), terms[paying[pk].pk][PAYMENT_TERMS])
        for pk, account in asked.items()
    }


def recipients_of(accounts: Iterable[Account], on: date) -> dict[int, Recipient]:
    """Return whom the invoices made out to accounts themselves go to on a day; one query.

    Also where an account's lines stand on its billing parent's by then: what was its own invoice still is.
    """
    asked = {account.pk: account for account in accounts}
    held = versions_on(asked, on)
    return {pk: _recipient(held.get(pk), account) for pk, account in asked.items()}


def versions_on(accounts: Collection[int], on: date) -> dict[int, BillingArrangement]:
    """Return the version in effect on a day by account, where there is one; one query."""
    versions = BillingArrangement.objects.in_effect_on(on).filter(account__in=list(accounts))
    return {held.account_id: held for held in versions.select_related("contact", "published_by")}


def payer_of(account: Account, held: dict[int, BillingArrangement], known: Collection[int]) -> int:
    """Return who is billed for an account: its billing parent where that one's invoices are consolidated."""
    parent = account.billing_parent_id
    if parent is not None and parent in known and parent in held and held[parent].is_consolidated:
        return parent
    return account.pk


def billed_with(payer: Account) -> Q:
    """Return the condition on accounts whose lines stand on the payer's invoices, if these are consolidated."""
    return Q(pk=payer.pk) | Q(billing_parent=payer.pk)


def terms_of(version: BillingArrangement | None, entitled: Entitled) -> Terms:
    """Return the days to pay and where they come from: what was agreed, else the contract, else the tier."""
    if version is not None and version.payment_days is not None:
        who = f" by {version.published_by}" if version.published_by else ""
        since = f", from {format_date(version.starts_on)} on" if version.starts_on else ""
        return Terms(version.payment_days, f"Agreed{who}{since}")
    url = entitled.clause.url if entitled.clause is not None else ""
    days: int = entitled.value["days_from"]
    return Terms(days, entitled.origin, url or "", is_from_contract=entitled.clause is not None)


def words_of_schedule(version: BillingArrangement) -> str:
    """Return when invoices come, such as ``Quarterly in advance, on the 31st (or the last day) from Jan``."""
    schedule = version.get_schedule_display()
    if version.schedule in (ELSEWHERE, BillingArrangement.Schedule.MILESTONES):
        return schedule
    told = f"{schedule} {version.get_timing_display().lower()}"
    if version.schedule == BillingArrangement.Schedule.CUSTOM:
        return f"{told}: {', '.join(format_date(day) for day in version.dates)}"
    day = f"{version.bill_day}{_ordinal(version.bill_day)}"
    last = " (in short months the last day)" if version.bill_day > 28 else ""
    if version.schedule == BillingArrangement.Schedule.MONTHLY:
        return f"{told}, from the {day}{last}"
    return f"{told}, from the {day} of {date(2000, version.bill_month, 1):%B}{last}"


def _ordinal(day: int) -> str:
    return "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def _agreed(
    account: Account, payer: Account, version: BillingArrangement | None, entitled: Entitled
) -> Agreed:
    terms = terms_of(version, entitled)
    if version is not None and terms.url == "" and terms.is_from_contract:
        terms = Terms(terms.days, terms.origin, reverse("tiers:origin", args=[payer.pk, PAYMENT_TERMS]), True)
    return Agreed(
        account=account,
        payer=payer,
        version=version,
        terms=terms,
        recipient=_recipient(version, payer),
        purchase_order=version.purchase_order if version else "",
        tax_percent=version.tax_percent if version else 0,
    )


def _is_still(contact: Contact, payer: Account) -> bool:
    """Return whether somebody named still works at the payer: who left, or is elsewhere, gets no invoices."""
    return contact.deleted_at is None and contact.is_active and contact.account_id == payer.pk


def _recipient(version: BillingArrangement | None, payer: Account) -> Recipient:
    contact = version.contact if version is not None else None
    if version is not None and contact is not None and _is_still(contact, payer):
        return Recipient(contact.name, version.email or contact.email, "Named in the arrangement")
    if version is not None and version.email:
        return Recipient("Accounts payable", version.email, "Named in the arrangement")
    return Recipient(payer.name, "", "Nobody is named yet")
