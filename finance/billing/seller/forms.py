"""The form of the seller's particulars."""

from __future__ import annotations

from typing import Any

from django import forms

from common.codes import countries
from finance.billing.seller.terms import LABELS, LONGEST, Particulars, checked

NEEDED = "Needed before anything is issued."
HELP = {
    "name": "As it stands in the register, with the form of the company.",
    "address": f"{NEEDED} Street, postcode and town, a line each.",
    "country": f"{NEEDED} It stands below the address.",
    "vat_number": f"{NEEDED} The tax number does instead.",
    "registration": "Register and number, and who stands for the company, where your law asks for it.",
    "email": f"{NEEDED} Where customers write about invoices.",
    "iban": f"{NEEDED} Account and routing number below do instead.",
    "routing_number": "Also a sort code or bank code.",
    "payment_hint": "Stands below the bank, such as: Name the invoice number only, or we can’t find your payment.",
}


class SellerForm(forms.Form):
    """What papers say of the seller from a day on."""

    starts_on = forms.DateField(
        label="From",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Papers issued from this day on say it. What was issued stays as it is.",
    )
    name = forms.CharField()
    address = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 4}))
    country = forms.ChoiceField(required=False)
    vat_number = forms.CharField(required=False)
    tax_number = forms.CharField(required=False)
    registration = forms.CharField(required=False)
    email = forms.EmailField(required=False)
    bank = forms.CharField(required=False)
    iban = forms.CharField(required=False)
    bic = forms.CharField(required=False)
    account_number = forms.CharField(required=False)
    routing_number = forms.CharField(required=False)
    payment_hint = forms.CharField(required=False)
    note = forms.CharField(
        label="Why",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For colleagues; it stands on no paper.",
    )
    expected = forms.CharField(widget=forms.HiddenInput, max_length=20)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in LABELS.items():
            field = self.fields[name]
            field.label, field.help_text = label, HELP.get(name, "")
            if name in LONGEST and name != "country":
                # Blanks within are taken out before it is kept.
                field.widget.attrs["maxlength"] = LONGEST[name] + 12
        country: Any = self.fields["country"]
        named = sorted(countries().items(), key=lambda each: each[1])
        country.choices = [("", "Choose"), *named]

    def clean(self) -> dict[str, Any]:
        """Check what was typed by the rules of the particulars."""
        held = super().clean() or self.cleaned_data
        if not self.errors:
            self.kept = checked(held)
        return held

    def particulars(self) -> Particulars:
        """Return what was typed, as it is kept."""
        return self.kept
