"""Forms of policies: one with its matrix of targets, and how a draft is put in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField

from accounts.models import Tier
from support.models import BusinessCalendar, Policy, Priority, SlaMetric
from support.policies.content import ANY_TIER, PRIORITIES, PolicyDraft, read_target, target_text
from support.policies.services import LONGEST_NOTE

TARGET = "t-"
ANY_LABEL = "Any tier"


@dataclass(frozen=True, slots=True)
class MatrixFields:
    """The fields of one metric: a row for any tier and for each tier, a field for each priority."""

    metric: SlaMetric
    rows: Sequence[tuple[str, Sequence[tuple[str, BoundField]]]]


class PolicyForm(forms.Form):
    """A policy, but for its condition, which the editor of conditions holds."""

    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="As people should read it in an explanation, such as “Strategic accounts”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    clock = forms.ChoiceField(label="Time runs", choices=Policy.ClockKind.choices, widget=forms.RadioSelect)
    calendar = forms.ChoiceField(
        label="Calendar", required=False, help_text="Only where time runs by a calendar."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        calendar = self.fields["calendar"]
        assert isinstance(calendar, forms.ChoiceField)
        names = BusinessCalendar.objects.order_by("name").values_list("name", flat=True)
        calendar.choices = [("", "None"), *((name, name) for name in names)]
        self.tiers = [("", ANY_LABEL), *Tier.objects.values_list("slug", "label")]
        for metric, priority, slug, label in self._places():
            self.fields[field_name(metric, priority, slug)] = forms.CharField(
                label=f"{SlaMetric(metric).label}, {Priority(priority).label}, {label}",
                required=False,
                max_length=40,
            )

    @classmethod
    def of(cls, one: PolicyDraft) -> PolicyForm:
        """Return the form as a policy has it."""
        cells = {field_name(*key): target_text(minutes) for key, minutes in one.cells.items()}
        return cls(initial={"name": one.name, "clock": one.clock, "calendar": one.calendar, **cells})

    @classmethod
    def as_typed(cls, data: Mapping[str, Any]) -> PolicyForm:
        """Return the form with what was typed, unchecked."""
        return cls(
            initial={
                name: data.get(name, "")
                for name in data
                if name in cls.base_fields or name.startswith(TARGET)
            }
        )

    def _places(self) -> Iterator[tuple[str, str, str, str]]:
        for metric in SlaMetric.values:
            for slug, label in self.tiers:
                for priority in PRIORITIES:
                    yield metric, priority, slug, label

    @property
    def matrices(self) -> list[MatrixFields]:
        """The targets as the page draws them."""
        return [
            MatrixFields(
                metric,
                [
                    (
                        label,
                        [
                            (str(Priority(one).label), self[field_name(metric.value, one, slug)])
                            for one in PRIORITIES
                        ],
                    )
                    for slug, label in self.tiers
                ],
            )
            for metric in SlaMetric
        ]

    def clean(self) -> dict[str, Any]:
        """Read the targets, and leave the calendar out where the clock needs none."""
        held = super().clean() or self.cleaned_data
        cells: dict[tuple[str, str, str], int | None] = {}
        for metric, priority, slug, _ in self._places():
            name = field_name(metric, priority, slug)
            if not (text := held.get(name, "")):
                continue
            try:
                cells[metric, priority, slug] = read_target(text, metric)
            except ValidationError as error:
                self.add_error(name, error.messages)
        held["cells"] = cells
        if held.get("clock") != Policy.ClockKind.CALENDAR:
            held["calendar"] = ""
        elif not held.get("calendar") and "calendar" not in self.errors:
            self.add_error("calendar", "Choose the calendar by which time runs.")
        return held


def field_name(metric: str, priority: str, tier: str) -> str:
    """Return the name of a target's field."""
    return f"{TARGET}{metric}-{priority}-{tier or ANY_TIER}"


class NoteForm(forms.Form):
    """What a draft changes and why."""

    note = forms.CharField(
        label="Note",
        required=False,
        max_length=LONGEST_NOTE,
        help_text="What it changes and why, for colleagues. It is asked for again before you publish.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class PublishForm(forms.Form):
    """Why a draft is put in force, and when."""

    note = forms.CharField(
        label="What changes, and why",
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Say what changes and why: colleagues read it beside the version.",
        },
    )
    starts_on = forms.DateField(
        label="From",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="A day ahead (UTC), or nothing for now.",
        error_messages={"invalid": "Write a day such as 2027-03-31, or nothing for now."},
    )
