"""The form of time worked on a ticket."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from support.models.worktime import LONGEST_NOTE
from tiers.entitlements.values import WHAT_A_SPAN_IS, parse_minutes


class TimeForm(forms.Form):
    """How long somebody worked, on which day, and at what."""

    spent = forms.CharField(label="Time", max_length=20, help_text="Such as 45, 45 min or 1 h 30 min.")
    worked_on = forms.DateField(label="Day", widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(
        label="What for", max_length=LONGEST_NOTE, required=False, help_text="Such as tracing the import."
    )
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def clean_spent(self) -> int:
        """Return the minutes; a number alone is minutes."""
        text = str(self.cleaned_data["spent"]).strip()
        if text.isascii() and text.isdigit():
            return int(text)
        try:
            return parse_minutes(text)
        except ValidationError as error:
            raise ValidationError(WHAT_A_SPAN_IS) from error

    def clean_key(self) -> uuid.UUID:
        """Return the form's own key; one that was lost on the way is made anew."""
        return self.cleaned_data["key"] or uuid.uuid4()

    def fields_of_entry(self) -> dict[str, Any]:
        """Return what the service takes."""
        held = dict(self.cleaned_data)
        return {"minutes": held.pop("spent"), **held}

    def add_errors(self, error: ValidationError) -> None:
        """Put what the service refused beside the fields it named; what is sent again is another form."""
        assert isinstance(self.data, QueryDict)
        self.data = {**self.data.dict(), "key": str(uuid.uuid4())}
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)
