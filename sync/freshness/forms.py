"""The form of what RevOps expects of a feed: two ages, each as a number and a unit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from sync.models import FreshnessRule
from sync.models.freshness import LONGEST_MINUTES

UNITS = {"minutes": 1, "hours": 60, "days": 1440}
LARGEST = LONGEST_MINUTES


def split_minutes(minutes: int) -> tuple[int, str]:
    """Return an age in the largest unit that says it whole."""
    for unit in ("days", "hours"):
        if minutes and minutes % UNITS[unit] == 0:
            return minutes // UNITS[unit], unit
    return minutes, "minutes"


class ExpectationForm(forms.Form):
    """How old the data may grow, and by what that is measured."""

    warn = forms.IntegerField(label="Late after", min_value=1, max_value=LARGEST)
    warn_unit = forms.ChoiceField(label="Unit", choices=[(unit, unit) for unit in UNITS])
    error = forms.IntegerField(label="Stale after", min_value=1, max_value=LARGEST)
    error_unit = forms.ChoiceField(label="Unit", choices=[(unit, unit) for unit in UNITS])
    measure = forms.ChoiceField(
        label="Measured",
        choices=FreshnessRule.Measure.choices,
        initial=FreshnessRule.Measure.ARRIVAL,
        help_text="The second suits streams that come with a delay of their own.",
    )

    def values(self) -> dict[str, Any]:
        """Return what the service takes."""
        given = self.cleaned_data
        return {
            "warn_minutes": given["warn"] * UNITS[given["warn_unit"]],
            "error_minutes": given["error"] * UNITS[given["error_unit"]],
            "measure": given["measure"],
        }

    def add_errors(self, error: ValidationError) -> None:
        """Put what the service refused beside the fields it named."""
        names = {"warn_minutes": "warn", "error_minutes": "error"}
        for name, errors in error.error_dict.items():
            held = names.get(name, name)
            self.add_error(held if held in self.fields else "error", errors)
