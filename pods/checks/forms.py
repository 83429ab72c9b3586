"""Forms of health checks: going through one, and the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from metrics.registry import metrics
from pods.checks.checklist import MOST_ITEMS, TEXT_LENGTH, Item
from pods.checks.models import HealthCheck
from pods.checks.outcomes import OUTCOMES
from pods.tasks.services import NOTE_AT_MOST

SPARE_LINES = 3


class CheckForm(forms.Form):
    """Which items were gone through, and what came of it; what must be said is said by the services."""

    done = forms.TypedMultipleChoiceField(coerce=int, required=False, widget=forms.CheckboxSelectMultiple)
    outcome = forms.ChoiceField(
        label="How does it stand?", choices=list(OUTCOMES.items()), widget=forms.RadioSelect, required=False
    )
    note = forms.CharField(
        required=False,
        max_length=NOTE_AT_MOST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What to watch, or who does what until when. Colleagues read it.",
    )

    def __init__(self, *args: Any, check: HealthCheck, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        done = self.fields["done"]
        assert isinstance(done, forms.TypedMultipleChoiceField)
        done.choices = [(place, item["text"]) for place, item in enumerate(check.items)]
        done.initial = [place for place, item in enumerate(check.items) if item["is_done"]]

    @property
    def ticked(self) -> set[str]:
        """The places that are ticked."""
        return {str(place) for place in self["done"].value() or ()}


class ItemForm(forms.Form):
    """One line of the list; one without text is left out."""

    text = forms.CharField(label="To go through", required=False, max_length=TEXT_LENGTH)
    number = forms.ChoiceField(label="Number beside it", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        number = self.fields["number"]
        assert isinstance(number, forms.ChoiceField)
        known = sorted((metric.label, metric.key) for metric in metrics)
        number.choices = [("", "None"), *((key, label) for label, key in known)]


def item_forms(data: Any, items: Sequence[Item]) -> list[ItemForm]:
    """Return a form for each line, and some spare ones."""
    lines = min(len(items) + SPARE_LINES, MOST_ITEMS)
    return [
        ItemForm(
            data,
            prefix=f"item-{place}",
            initial={"text": items[place].text, "number": items[place].number} if place < len(items) else {},
        )
        for place in range(lines)
    ]
