"""The form by which RevOps decides about one account's tier."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.models import Tier

OVERRIDE, HAND = "override", "hand"


class DecisionForm(forms.Form):
    """Which tier, why, and until when: an override, or a move from which the rules go on."""

    tier = forms.ModelChoiceField(
        Tier.objects.all(),
        to_field_name="slug",
        empty_label="Choose a tier",
        error_messages={"required": "Choose the tier."},
    )
    how = forms.ChoiceField(
        label="How long",
        choices=[
            (OVERRIDE, "Until a day: the rules wait meanwhile"),
            (HAND, "For now: the rules go on from there, and may move it after its dwell"),
        ],
        initial=OVERRIDE,
        widget=forms.RadioSelect,
    )
    ends_on = forms.DateField(
        label="First day without it",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Needed for an override, which ends as that day begins (UTC). You and the account’s owner are "
        "reminded two weeks before.",
    )
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Shown to everybody in the account’s history.",
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the day where one is needed."""
        data = super().clean() or {}
        if data.get("how") == OVERRIDE and not data.get("ends_on") and "ends_on" not in self.errors:
            self.add_error("ends_on", "Choose the day on which it ends.")
        return data


class ExtensionForm(forms.Form):
    """The new first day without an override."""

    ends_on = forms.DateField(
        label="First day without it",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={
            "required": "Choose the day on which it ends.",
            "invalid": "Write a day such as 2027-03-31.",
        },
    )


class EndingForm(forms.Form):
    """Why an override ends before its day."""

    reason = forms.CharField(
        label="Why it ends",
        max_length=500,
        error_messages={"required": "Say why, so that others understand it later."},
    )
