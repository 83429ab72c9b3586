"""What can be agreed about invoices: the fields of an arrangement, what is wrong with them, and what lies outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import Account, Contact
from common.formatting import format_date, format_number
from finance.billing.agreed import words_of_schedule
from finance.entitlements import PAYMENT_TERMS
from finance.models import BillingArrangement
from tiers.entitlements.resolution import Entitled, entitlements_of

INVOICING = "invoicing"
LONGEST_DAYS = 365
MOST_DATES = 60
Schedule = BillingArrangement.Schedule

# What an account must be entitled to, beside a custom schedule, for its invoices to come like this.
STANDARD = {Schedule.MONTHLY: "monthly", Schedule.ANNUAL: "annual"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingTerms:
    """What a version of an arrangement says; see ``BillingArrangement`` for each."""

    schedule: str
    bill_day: int = 1
    bill_month: int = 1
    timing: str = BillingArrangement.Timing.ADVANCE
    dates: tuple[date, ...] = ()
    payment_days: int | None = None
    is_consolidated: bool = False
    contact: Contact | None = None
    email: str = ""
    purchase_order: str = ""
    tax_percent: Decimal = Decimal(0)

    def columns(self) -> dict[str, Any]:
        """Return the columns of a version that says this."""
        held = {field.name: getattr(self, field.name) for field in fields(self)}
        return held | {"dates": sorted(set(self.dates))}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that goes beyond what the account is entitled to, in a sentence."""

    field: str
    sentence: str


def check_terms(account: Account, terms: BillingTerms) -> None:
    """Raise ValidationError by field for what can't be."""
    wrong: dict[str, str] = {}
    if terms.schedule not in Schedule.values:
        wrong["schedule"] = "Choose when invoices come."
    if not 1 <= terms.bill_day <= 31:
        wrong["bill_day"] = "Choose a day from 1 to 31."
    if not 1 <= terms.bill_month <= 12:
        wrong["bill_month"] = "Choose a month."
    if terms.timing not in BillingArrangement.Timing.values:
        wrong["timing"] = "Choose in advance or in arrears."
    if terms.schedule == Schedule.CUSTOM and not terms.dates:
        wrong["dates"] = "Write at least one day; each ends a stretch that is billed."
    if len(terms.dates) > MOST_DATES:
        wrong["dates"] = f"Write {MOST_DATES} days at most."
    if terms.payment_days is not None and not 0 <= terms.payment_days <= LONGEST_DAYS:
        wrong["payment_days"] = f"Choose from 0 to {LONGEST_DAYS} days."
    if not 0 <= terms.tax_percent <= 100:
        wrong["tax_percent"] = "Choose from 0 to 100 per cent."
    if terms.contact is not None and terms.contact.account_id != account.pk:
        wrong["contact"] = f"Choose a contact of {account}."
    if wrong:
        raise ValidationError(wrong)


def findings(account: Account, terms: BillingTerms) -> list[Finding]:
    """Return what of these terms the account isn't entitled to by its tier or contract; three queries."""
    held = entitlements_of([account], (INVOICING, PAYMENT_TERMS))[account.pk]
    return [*_of_invoicing(terms, held[INVOICING]), *_of_payment(terms, held[PAYMENT_TERMS])]


def differences(before: BillingArrangement | None, after: BillingArrangement) -> list[str]:
    """Return what another version says otherwise, in sentences."""
    old = told(before) if before is not None else {}
    return [
        f"{label}: {old[label]} → {value}" if label in old else f"{label}: {value}"
        for label, value in told(after).items()
        if old.get(label) != value
    ]


def told(version: BillingArrangement) -> dict[str, str]:
    """Return what a version says, each in words by its label."""
    contact = version.contact
    held = {
        "Schedule": words_of_schedule(version),
        "Days to pay": "by contract or tier" if version.payment_days is None else f"{version.payment_days}",
        "Divisions": "on one invoice" if version.is_consolidated else "billed themselves",
        "Sent to": ", ".join(part for part in (contact.name if contact else "", version.email) if part),
        "Purchase order": version.purchase_order,
        "Tax": f"{format_number(version.tax_percent.normalize(), _places(version.tax_percent))}%",
    }
    return {label: text or "none" for label, text in held.items()}


def facts_of(before: BillingArrangement | None, after: BillingArrangement) -> list[Mapping[str, Any]]:
    """Return what an approver is shown."""
    old = told(before) if before is not None else {}
    held = [
        {"label": label, "before": old.get(label, "none"), "after": value}
        for label, value in told(after).items()
        if old.get(label) != value
    ]
    starts = format_date(after.starts_on) if after.starts_on else ""
    return [*held, {"label": "From", "before": "not in effect", "after": starts}]


def terms_of_version(version: BillingArrangement | None) -> dict[str, Any]:
    """Return what the form of a change shows at first."""
    if version is None:
        return asdict(BillingTerms(schedule=Schedule.MONTHLY))
    return {field.name: getattr(version, field.name) for field in fields(BillingTerms)}


def _of_invoicing(terms: BillingTerms, held: Entitled) -> list[Finding]:
    if terms.schedule == Schedule.ELSEWHERE:
        return []
    may, found = set(held.value), []
    standard = STANDARD.get(Schedule(terms.schedule), "")
    if "custom_schedule" not in may and standard not in may:
        words = Schedule(terms.schedule).label.lower()
        found.append(
            Finding("schedule", f"Invoices {words} go beyond what {held.origin} gives: {held.words}.")
        )
    if terms.is_consolidated and "consolidated" not in may:
        found.append(
            Finding("is_consolidated", f"{held.origin} doesn’t give one invoice for several divisions.")
        )
    if (terms.contact or terms.email) and "ap_contact" not in may:
        found.append(Finding("contact", f"{held.origin} doesn’t give a dedicated AP contact."))
    return found


def _of_payment(terms: BillingTerms, held: Entitled) -> list[Finding]:
    found, options = [], held.value["options"]
    days, first, last = terms.payment_days, held.value["days_from"], held.value["days_to"]
    is_prepaid = days == 0 and "prepay" in options
    if days is not None and not first <= days <= last and not is_prepaid:
        found.append(Finding("payment_days", f"{days} days to pay lie outside {held.origin}: {held.words}."))
    if terms.schedule == Schedule.MILESTONES and "milestone" not in options:
        found.append(Finding("schedule", f"{held.origin} doesn’t give payment by milestones."))
    return found


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0
