"""Forms of billing arrangements, milestones, drafts and credit notes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Account, Contact
from common.formatting import format_date, format_money
from common.rounding import to_cents
from finance.billing.proration import decimals_of
from finance.billing.terms import BillingTerms, Schedule
from finance.models import BillingArrangement, Contract, InvoiceLine, RootCause
from sync.normalise import keep_currency

MONTHS = [(month, f"{date(2000, month, 1):%B}") for month in range(1, 13)]
ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _day(**more: Any) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more)


class ContactField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for type checkers only
    """Somebody at the customer, with the address."""

    def label_from_instance(self, obj: Contact) -> str:
        """Return what the choice reads."""
        return f"{obj.name}, {obj.email}" if obj.email else obj.name


class ArrangementForm(forms.Form):
    """How an account is billed from a day on."""

    starts_on = _day(label="From", help_text="From this day on invoices are made like this.")
    schedule = forms.ChoiceField(label="Schedule", choices=Schedule.choices)
    timing = forms.ChoiceField(
        label="For", choices=[("advance", "the time ahead"), ("arrears", "the time gone by")]
    )
    bill_day = forms.IntegerField(
        label="Bill day", min_value=1, max_value=31, help_text="In short months the last day counts."
    )
    bill_month = forms.TypedChoiceField(
        label="Counted from",
        choices=MONTHS,
        coerce=int,
        help_text="Where an invoice covers more than a month.",
    )
    dates = forms.CharField(
        label="Agreed days",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "2027-03-01, 2027-09-15"}),
        help_text="Only where invoices come on agreed days: each as 2027-03-01; one ends what the one before begins.",
    )
    payment_days = forms.IntegerField(
        label="Days to pay",
        required=False,
        min_value=0,
        max_value=365,
        help_text="Empty: what the contract says, else the tier.",
    )
    is_consolidated = forms.BooleanField(
        label="One invoice for all accounts whose billing parent this is", required=False
    )
    contact = ContactField(queryset=Contact.objects.none(), label="Sent to", required=False)
    email = forms.EmailField(
        label="Address for invoices", required=False, help_text="Where it isn’t the contact’s own."
    )
    purchase_order = forms.CharField(label="Purchase order", required=False, max_length=64)
    tax_percent = forms.DecimalField(
        label="Tax, per cent", min_value=0, max_value=100, max_digits=7, decimal_places=4
    )
    note = forms.CharField(
        label="Why",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For colleagues, and for who has to agree.",
    )
    expected = forms.CharField(widget=forms.HiddenInput, max_length=20)

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        contacts: Any = self.fields["contact"]
        held = Contact.objects.filter(account=account, deleted_at=None, is_active=True)
        contacts.queryset = held.order_by("name", "pk")

    def clean_dates(self) -> tuple[date, ...]:
        """Read days that are parted by commas, blanks or lines."""
        parts = [part for part in re.split(r"[\s,;]+", self.cleaned_data["dates"]) if part]
        try:
            if not all(ISO.fullmatch(part) for part in parts):
                raise ValueError
            return tuple(sorted({date.fromisoformat(part) for part in parts}))
        except ValueError:
            raise ValidationError("Write each day as 2027-03-01, with commas between them.") from None

    def terms(self) -> BillingTerms:
        """Return what was agreed."""
        held = self.cleaned_data
        return BillingTerms(
            schedule=held["schedule"],
            timing=held["timing"],
            bill_day=held["bill_day"],
            bill_month=held["bill_month"],
            dates=held["dates"] if held["schedule"] == Schedule.CUSTOM else (),
            payment_days=held["payment_days"],
            is_consolidated=held["is_consolidated"],
            contact=held["contact"],
            email=held["email"],
            purchase_order=held["purchase_order"].strip(),
            tax_percent=held["tax_percent"],
        )


def shown_of(version: BillingArrangement | None, starts_on: date, expected: str) -> dict[str, Any]:
    """Return what the form shows at first: the newest version, or the usual."""
    if version is None:
        held: dict[str, Any] = {"schedule": Schedule.MONTHLY, "bill_day": 1, "bill_month": 1}
        return held | {"timing": "advance", "tax_percent": 0, "starts_on": starts_on, "expected": expected}
    names = ("schedule", "timing", "bill_day", "bill_month", "payment_days", "is_consolidated")
    held = {name: getattr(version, name) for name in (*names, "contact", "email", "purchase_order")}
    return held | {
        "dates": ", ".join(day.isoformat() for day in version.dates),
        "tax_percent": version.tax_percent.normalize() + Decimal(0),
        "starts_on": starts_on,
        "expected": expected,
    }


class ContractField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for type checkers only
    """A contract of the account."""

    def label_from_instance(self, obj: Contract) -> str:
        """Return what the choice reads."""
        return f"{obj}, since {format_date(obj.start_on)}"


class MilestoneForm(forms.Form):
    """An amount that is billed on a day or once something is reached."""

    label = forms.CharField(label="What is billed", max_length=200)
    amount = forms.DecimalField(min_value=Decimal("0.01"), max_digits=16, decimal_places=2)
    currency = forms.CharField(max_length=3, min_length=3)
    due_on = _day(label="On", required=False)
    event = forms.CharField(
        label="Or once this is reached",
        required=False,
        max_length=200,
        help_text="Such as: acceptance signed.",
    )
    contract = ContractField(queryset=Contract.objects.none(), required=False)

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        contracts: Any = self.fields["contract"]
        contracts.queryset = Contract.objects.live().filter(account=account).order_by("-start_on", "-pk")

    def clean_currency(self) -> str:
        """Keep it as ISO 4217 has it."""
        try:
            return str(keep_currency(self.cleaned_data["currency"]))
        except ValueError as error:
            raise ValidationError(str(error)) from error


class ReachedForm(forms.Form):
    """When a milestone was reached."""

    reached_on = _day(label="Reached on")


class CreditForm(forms.Form):
    """Why an invoice is taken back, from which day, and how much of each line; empty lines are left as they are."""

    root_cause = forms.ChoiceField(
        label="Why",
        choices=[("", "Choose"), *RootCause.choices],
        help_text="It counts against invoice accuracy, but for goodwill.",
    )
    on = _day(label="Issued on")

    def __init__(
        self,
        *args: Any,
        left: Sequence[tuple[InvoiceLine, Decimal, Decimal]],
        currency: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.left = [entry for entry in left if entry[1]]
        for line, net, _ in self.left:
            self.fields[f"line_{line.number}"] = forms.DecimalField(
                label=f"{line.number}. {line.description}",
                required=False,
                max_digits=16,
                decimal_places=2,
                initial=to_cents(net),
                help_text=f"Before tax; {format_money(net, currency, decimals=decimals_of(currency))} left.",
            )

    def amounts(self) -> dict[int, Decimal]:
        """Return the net amount to credit by number of line."""
        held = {line.number: self.cleaned_data.get(f"line_{line.number}") for line, _, _ in self.left}
        return {number: value for number, value in held.items() if value}
