"""What people type of an obligation."""

from __future__ import annotations

from typing import Any

from django import forms

from finance.models import ContractObligation
from finance.obligations.services import LONGEST_NOTICE, Terms, possible_owners
from people.models import User

LONGEST_TEXT = 2_000


class ObligationForm(forms.Form):
    """Who does what by when."""

    title = forms.CharField(label="What is to be done", max_length=200)
    party = forms.ChoiceField(label="By whom", choices=ContractObligation.Party.choices)
    due_on = forms.DateField(label="Due", widget=forms.DateInput(attrs={"type": "date"}))
    months = forms.TypedChoiceField(
        label="Comes again", choices=ContractObligation.Every.choices, coerce=int, initial=0
    )
    owner = forms.ModelChoiceField(
        label="Who sees to it",
        queryset=User.objects.none(),
        required=False,
        empty_label="Legal",
        help_text="They are reminded by e-mail.",
    )
    notice_days = forms.IntegerField(
        label="Remind so many days before", min_value=0, max_value=LONGEST_NOTICE, initial=14
    )
    survives = forms.BooleanField(label="Also due after the contract has ended", required=False)
    note = forms.CharField(
        label="Note", required=False, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner = self.fields["owner"]
        if isinstance(owner, forms.ModelChoiceField):
            owner.queryset = possible_owners().order_by("name", "pk")

    def terms(self) -> Terms:
        """Return what was typed, once it is valid."""
        return Terms(**self.cleaned_data)


class DoneForm(forms.Form):
    """What shows that an obligation was met."""

    evidence = forms.CharField(
        label="What shows it",
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Such as where the report lies; it stays on record.",
    )
