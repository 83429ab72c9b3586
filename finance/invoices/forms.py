"""Forms about invoices and payments."""

from __future__ import annotations

from typing import Any

from django import forms

from common.formatting import format_date, format_money
from finance.models import InvoiceDispute, RootCause


class InvoiceField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for type checkers only
    """An open invoice, with what is open and when it was due."""

    def label_from_instance(self, obj: Any) -> str:
        """Return what the choice reads."""
        open_amount = format_money(obj.open_amount, obj.currency, decimals=2)
        return f"{obj.number}: {open_amount} open, due {format_date(obj.falls_due_on)}"


class AllocationForm(forms.Form):
    """Which invoice a payment settles, and with how much."""

    invoice = InvoiceField(queryset=None, label="Invoice", empty_label="Choose an invoice")
    amount = forms.DecimalField(
        label="Amount",
        required=False,
        max_digits=18,
        decimal_places=4,
        help_text="Empty: as much as the payment has left and the invoice has open.",
    )

    def __init__(self, *args: Any, invoices: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["invoice"]
        field.queryset = invoices


class DisputeForm(forms.Form):
    """What the customer objects to."""

    reason = forms.CharField(
        label="What the customer objects to", max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )


class OutcomeForm(forms.Form):
    """How a dispute ended."""

    outcome = forms.ChoiceField(
        label="How it ended",
        choices=[
            (one.value, one.label)
            for one in InvoiceDispute.Outcome
            if one != InvoiceDispute.Outcome.LINE_GONE
        ],
        widget=forms.RadioSelect,
        help_text="Where the customer was right, a credit note is still to be made.",
    )
    note = forms.CharField(
        label="Note", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )


class CauseForm(forms.Form):
    """Why an invoice was wrong."""

    root_cause = forms.ChoiceField(
        label="What went wrong", choices=[("", "Choose a cause"), *RootCause.choices]
    )
    note = forms.CharField(
        label="Note", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
