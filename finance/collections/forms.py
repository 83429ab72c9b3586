"""Forms of collections."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from accounts.models import Tier
from finance.collections.claims import payable
from finance.collections.policy import MOST_TEXT, Stage, read_thresholds, threshold_lines
from finance.collections.wording import PLACEHOLDERS
from finance.collections.writing import exact
from finance.models import DunningPolicy, Invoice

DAY = forms.DateInput(attrs={"type": "date"})


class Refusing(forms.Form):
    """A form that puts what a service refused beside the fields it named."""

    def refuse(self, error: ValidationError, prefix: str = "") -> None:
        """Add the errors of ``error``; those of fields under ``prefix``, the others above the form."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error.messages)
            return
        for name, told in error.message_dict.items():
            own = name.removeprefix(prefix)
            self.add_error(own if own in self.fields else None, told)


class PolicyForm(Refusing):
    """What a policy says beside its stages."""

    tiers = forms.MultipleChoiceField(
        label="Asks customers of",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen means every tier. Relationship-based accounts always get a task first.",
    )
    note = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What it changes and why, for colleagues.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tiers = self.fields["tiers"]
        assert isinstance(tiers, forms.MultipleChoiceField)
        tiers.choices = list(Tier.objects.values_list("slug", "label"))

    @classmethod
    def of(cls, policy: DunningPolicy) -> PolicyForm:
        """Return the form of a draft as it is."""
        return cls(initial={"tiers": policy.tiers, "note": policy.note})


class StageForm(Refusing):
    """One stage of a policy."""

    name = forms.CharField(max_length=64, help_text="Such as Reminder.")
    days_overdue = forms.IntegerField(label="From how many days overdue on")
    attempts = forms.IntegerField(label="Attempts at most", initial=2)
    delay_days = forms.IntegerField(
        label="Days from one message to the next", initial=7, help_text="Also before the next stage."
    )
    thresholds = forms.CharField(
        label="Asked from which amount on",
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
        help_text="One currency a line, such as EUR 150. A currency that isn't named is never asked.",
    )
    subject = forms.CharField(max_length=150)
    text = forms.CharField(max_length=MOST_TEXT, widget=forms.Textarea(attrs={"rows": 14}))

    def clean_thresholds(self) -> dict[str, Decimal]:
        """Return the amounts by currency."""
        return read_thresholds(self.cleaned_data["thresholds"])

    @classmethod
    def of(cls, stage: Stage | None) -> StageForm:
        """Return the form of a stage as it is, or of a new one."""
        if stage is None:
            return cls()
        held = {name: getattr(stage, name) for name in cls.base_fields if name != "thresholds"}
        return cls(initial={**held, "thresholds": threshold_lines(stage.thresholds)})

    def stage(self) -> Stage:
        """Return the stage that was written; the form is valid."""
        return Stage(**{name: self.cleaned_data[name] for name in self.base_fields})


class PromiseForm(Refusing):
    """A customer's promise to pay."""

    currency = forms.ChoiceField()
    amount = forms.DecimalField(max_digits=18, decimal_places=2)
    due_on = forms.DateField(label="Pays by", widget=DAY)
    promised_by = forms.CharField(
        label="Who promised it", max_length=255, help_text="Somebody at the customer."
    )
    note = forms.CharField(required=False, max_length=500)

    def __init__(self, data: QueryDict | None = None, *, owed: dict[str, Decimal]) -> None:
        """Offer the currencies of ``owed``; its amounts are what is overdue, neither disputed nor paid."""
        super().__init__(data, auto_id="promise-%s")
        currency, amount = self.fields["currency"], self.fields["amount"]
        currency.error_messages["invalid_choice"] = "Nothing is overdue in this currency any more."
        assert isinstance(currency, forms.ChoiceField)
        currency.choices = [(code, code) for code in owed]
        shown = [(amount_owed, code) for code, amount_owed in owed.items()]
        amount.help_text = "Overdue beside disputes: " + ", ".join(exact(*each) for each in shown) + "."
        if len(shown) == 1 and shown[0][0] > 0:
            amount.initial = payable(shown[0][0])


class HoldForm(Refusing):
    """A hold on an account or one of its invoices."""

    invoice = forms.ModelChoiceField(
        queryset=Invoice.objects.none(), required=False, label="What", empty_label="The whole account"
    )
    reason = forms.CharField(max_length=500, help_text="Colleagues read it.")
    ends_on = forms.DateField(label="Until", widget=DAY, help_text="The last day on which nobody asks.")

    def __init__(self, data: QueryDict | None = None, *, invoices: Iterable[int]) -> None:
        super().__init__(data, auto_id="hold-%s")
        invoice = self.fields["invoice"]
        assert isinstance(invoice, forms.ModelChoiceField)
        invoice.queryset = Invoice.objects.filter(pk__in=list(invoices)).order_by("number", "pk")


class ReleaseForm(Refusing):
    """Leave of finance alone to ask a relationship-based account."""

    reason = forms.CharField(
        max_length=500, help_text="Why a mail may go without the customer success manager."
    )


class DecisionForm(forms.Form):
    """What became of a message."""

    decision = forms.ChoiceField(choices=[("sent", "It went out"), ("not", "It didn't go out")])


def placeholders() -> list[tuple[str, str]]:
    """Return the placeholders as written, with what they stand for."""
    return [("{" + name + "}", told) for name, told in PLACEHOLDERS.items()]
