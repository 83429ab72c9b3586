"""The form of a ladder: for each path some steps, each after how long and whom."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from people.functions import Function
from people.models import User
from support.escalations.ladders import MOST_RUNGS, Drafts, RungDraft, paths
from support.models import Rung
from support.models.escalations import LONGEST_WAIT

Who = Rung.Who
ROLES = (Who.ENGINEER, Who.TEAM, Who.POD, Who.OWNER)


def _key(one: RungDraft) -> str:
    if one.who == Who.FUNCTION:
        return f"function:{one.function}"
    if one.who == Who.PERSON:
        return f"person:{one.person}"
    return one.who


class LadderForm(forms.Form):
    """Every path with ``MOST_RUNGS`` lines; a line without somebody to tell is no step."""

    note = forms.CharField(
        required=False,
        max_length=500,
        label="Why",
        help_text="Colleagues read it beside the version.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, rungs: Drafts | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True).order_by("name", "pk")
        choices = [
            ("", "Nobody"),
            ("By what they do here", [(who.value, who.label) for who in ROLES]),
            ("A function", [(f"function:{key}", f"Everybody of {label}") for key, label in Function.choices]),
            (
                "A person",
                [(f"person:{one.email}", f"{one.name}, {one.get_function_display()}") for one in people],
            ),
        ]
        for path, label in paths().items():
            held = list((rungs or {}).get(path, ()))
            for place in range(1, MOST_RUNGS + 1):
                one = held[place - 1] if place <= len(held) else None
                where = f"{label}, step {place}"
                self.fields[f"{path}-{place}-wait"] = forms.IntegerField(
                    label=f"Minutes before {where}",
                    required=False,
                    min_value=0,
                    max_value=LONGEST_WAIT,
                    initial=one.wait_minutes if one else None,
                    widget=forms.NumberInput(attrs={"min": 0, "max": LONGEST_WAIT, "inputmode": "numeric"}),
                )
                self.fields[f"{path}-{place}-who"] = forms.ChoiceField(
                    label=f"Whom to tell: {where}",
                    required=False,
                    choices=choices,
                    initial=_key(one) if one else "",
                )

    @property
    def lines(self) -> list[tuple[str, list[tuple[int, Any, Any]]]]:
        """Return each path in words with its lines: the place, how long, and whom."""
        return [
            (
                label[:1].upper() + label[1:],
                [
                    (place, self[f"{path}-{place}-wait"], self[f"{path}-{place}-who"])
                    for place in range(1, MOST_RUNGS + 1)
                ],
            )
            for path, label in paths().items()
        ]

    @property
    def rungs(self) -> Drafts:
        """Return the steps that were typed, without the lines that name nobody."""
        found: dict[str, list[RungDraft]] = {}
        for path in paths():
            found[path] = []
            for place in range(1, MOST_RUNGS + 1):
                who, _, name = self.cleaned_data[f"{path}-{place}-who"].partition(":")
                if who:
                    found[path].append(
                        RungDraft(
                            wait_minutes=self.cleaned_data[f"{path}-{place}-wait"] or 0,
                            who=who,
                            function=name if who == Who.FUNCTION else "",
                            person=name if who == Who.PERSON else "",
                        )
                    )
        return found

    def add_errors(self, error: ValidationError) -> None:
        """Put what the service refused above the form: it names the path and the step."""
        for told in error.messages:
            self.add_error(None, told)
