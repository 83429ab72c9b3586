"""The form that sets a target; the service decides what is valid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from metrics.models import Goal
from metrics.registry import Definition
from people.models import User


class TargetForm(forms.Form):
    """What a line is held to in a segment from a day on. Ratios are typed in per cent."""

    segment = forms.ChoiceField(
        help_text="A segment without a target of its own is held to that of all accounts."
    )
    goal = forms.ChoiceField(label="The figure should be", choices=Goal.choices)
    value = forms.DecimalField(
        required=False, max_digits=18, decimal_places=6, max_value=10**12, min_value=-(10**12)
    )
    starts_on = forms.DateField(
        label="From",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Until the next one begins. A day in the past changes how the figures since then are judged.",
    )
    person = forms.ModelChoiceField(
        label="Who answers for it",
        queryset=User.objects.none(),
        required=False,
        empty_label="Nobody by name",
    )
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Why this and why now, for those who read it later.",
    )

    def __init__(self, *args: Any, definition: Definition, segments: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.definition = definition
        segment, person, value = self.fields["segment"], self.fields["person"], self.fields["value"]
        assert isinstance(segment, forms.ChoiceField)
        assert isinstance(person, forms.ModelChoiceField)
        segment.choices = segments
        person.queryset = User.objects.filter(is_active=True).order_by("name", "pk")
        unit = "%" if definition.unit == "ratio" else definition.unit
        value.label = f"Value, {unit}"
        value.help_text = "Leave it empty for rising, falling and no target."

    def clean_value(self) -> Decimal | None:
        """Return the value in the unit of the figure."""
        value: Decimal | None = self.cleaned_data["value"]
        return value / 100 if value is not None and self.definition.unit == "ratio" else value

    def add_errors(self, error: ValidationError) -> None:
        """Put what the service refused beside the fields it named."""
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)
