"""The form of a cost rate."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings

from finance.costs.costing import Wanted, costed_functions
from finance.models.costs import MOST_HOURS
from people.functions import Function

MONEY = "Salaries, contributions, tools and rooms of a month, in {}: of the whole function, or of one person."
HOURS = (
    "Hours a month that the same people have for the work itself, without leave, training and meetings: usually 80 to "
    "85 % of those paid."
)


class RateForm(forms.Form):
    """What an hour of a function costs from a day on."""

    function = forms.ChoiceField(label="Function")
    starts_on = forms.DateField(
        label="From",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Time worked from this day on costs it, past days included. Nights that are stored stay as they are.",
    )
    loaded_cost = forms.DecimalField(
        label="Loaded cost a month",
        min_value=Decimal("0.01"),
        max_digits=12,
        decimal_places=2,
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
    )
    capacity_hours = forms.DecimalField(
        label="Practical capacity, hours a month",
        min_value=Decimal("0.01"),
        max_value=MOST_HOURS,
        max_digits=9,
        decimal_places=2,
        help_text=HOURS,
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
    )
    note = forms.CharField(
        label="Why",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For colleagues, such as: pay round of the spring.",
    )
    # For which content the effect was shown, and which version was in force then.
    shown = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        function: Any = self.fields["function"]
        function.choices = [(each, Function(each).label) for each in costed_functions()]
        self.fields["loaded_cost"].help_text = MONEY.format(settings.REPORTING_CURRENCY)

    def wanted(self) -> Wanted:
        """Return what was typed."""
        held = self.cleaned_data
        return Wanted(held["function"], held["starts_on"], held["loaded_cost"], held["capacity_hours"])
