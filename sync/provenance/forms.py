"""The form that pins a value; the service decides what is valid."""

from __future__ import annotations

import math
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from sync.declarations import Field
from sync.provenance.reading import Origin


class PinForm(forms.Form):
    """The value to hold, why, and until when."""

    value = forms.CharField(required=False, max_length=4000, help_text="Empty holds the field empty.")
    reason = forms.CharField(
        max_length=500, help_text="Shown to everybody who asks where this value comes from."
    )
    expires_on = forms.DateField(
        label="Until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The last day it holds. Without one it holds until somebody ends it.",
    )

    def __init__(self, data: Any = None, *, origin: Origin, item: Field | None) -> None:
        super().__init__(data, initial={"value": "" if origin.value is None else origin.value})
        self.is_list = item is not None and item.is_array
        # An own field has no declared type; it keeps the one that it holds.
        self.held_type: type = type(origin.value) if item is None else str
        choices = YES_OR_NO if self.held_type is bool else _choices(item)
        if choices:
            self.fields["value"] = forms.ChoiceField(required=False, choices=choices)
            # The page says a choice by its label, the form by its key.
            keys = {label: key for key, label in choices}
            self.initial["value"] = keys.get(self.initial["value"], self.initial["value"])
        elif self.is_list:
            self.fields["value"].widget = forms.Textarea(attrs={"rows": 4})
            self.fields["value"].help_text = "One on each line. Empty holds the field empty."
            self.initial["value"] = "\n".join(str(self.initial["value"]).split(", "))

    def expires_at(self) -> datetime | None:
        """Return the end of the last day, UTC."""
        day = self.cleaned_data["expires_on"]
        return None if day is None else datetime.combine(day + timedelta(days=1), time.min, UTC)

    def clean_expires_on(self) -> Any:
        """Refuse a day that is over."""
        day = self.cleaned_data["expires_on"]
        if day is not None and day < timezone.now().date():
            raise ValidationError("This day is over; choose today or a later one.")
        return day

    def clean_value(self) -> Any:
        """Take an empty value as none at all, and a number as a number where one is held."""
        text = self.cleaned_data["value"]
        if not text.strip():
            return None
        if self.held_type is bool:
            return text.lower() == "true"
        if self.is_list:
            return [line.strip() for line in text.splitlines() if line.strip()]
        if self.held_type in (int, float):
            try:
                number = float(text)
                return (
                    int(text)
                    if number.is_integer() and "." not in text and "e" not in text.lower()
                    else number
                )
            except (ValueError, OverflowError):
                raise ValidationError("A number is expected here, such as 12 or 12.5.") from None
        return text

    def add_errors(self, error: ValidationError) -> None:
        """Show what the service refused beside its field."""
        for name, texts in error.message_dict.items():
            self.add_error({"expires_at": "expires_on"}.get(name, name) if name in KNOWN else None, texts)


KNOWN = ("value", "reason", "expires_at")
YES_OR_NO = [("true", "Yes"), ("false", "No")]


def _number(text: str) -> int | float:
    try:
        number: int | float = int(text) if "." not in text and "e" not in text.lower() else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) >= 2**63:
        raise ValidationError("A number is expected here, such as 12 or 12.5.")
    return number


def _choices(item: Field | None) -> list[tuple[str, str]]:
    if item is None:
        return []
    if item.vocabulary:
        return [("", "None"), *((word, word.capitalize()) for word in item.vocabulary.load())]
    if isinstance(item.model_field, models.BooleanField):
        return YES_OR_NO
    return [(str(value), str(label)) for value, label in item.model_field.flatchoices]
