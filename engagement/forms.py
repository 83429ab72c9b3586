"""Forms of the point models' drafts. What a model may hold is checked by ``engagement.scoring.services``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from engagement.models import ScoreKind, ScoreModel
from engagement.scoring.services import RuleDraft
from engagement.scoring.signals import SIGNALS

HAPPENS, IS = "signal", "condition"
CAUSES = ((HAPPENS, "Each time that something happens"), (IS, "What the account is"))


class SettingsForm(forms.Form):
    """What a version says beside its rules."""

    half_life_days = forms.IntegerField(
        label="Half-life in days",
        required=False,
        help_text="What happened counts half as much with every so many days that pass.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=2000,
        help_text="What it changes and why, for colleagues.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind == ScoreKind.FIT:  # nothing in it happens, so nothing fades
            del self.fields["half_life_days"]

    @classmethod
    def of(cls, model: ScoreModel) -> SettingsForm:
        """Return the form as a version has it."""
        held = {"half_life_days": model.half_life_days, "note": model.note}
        return cls(initial=held, kind=model.kind)


class RuleForm(forms.Form):
    """One rule of a draft, but for its condition, which the editor of conditions holds."""

    name = forms.CharField(
        label="Name",
        max_length=128,
        help_text="As people should read it in an explanation.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    points = forms.DecimalField(
        label="Points",
        help_text="From −100 to 100. Points below 0 take away.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    cause = forms.ChoiceField(label="Gives points for", choices=CAUSES, widget=forms.RadioSelect)
    signal = forms.ChoiceField(label="What happens", required=False)
    at_most = forms.DecimalField(
        label="At most",
        required=False,
        help_text="Points that this rule gives together, however often it happens.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind == ScoreKind.FIT:
            for name in ("cause", "signal", "at_most"):
                del self.fields[name]
            return
        signal = self.fields["signal"]
        assert isinstance(signal, forms.ChoiceField)
        signal.choices = [("", "Choose"), *_signals(str(self.initial.get("signal") or ""))]

    @classmethod
    def of(cls, rule: RuleDraft | None, *, kind: str) -> RuleForm:
        """Return the form as a rule has it, empty for a new one."""
        if rule is None:
            return cls(initial={"cause": HAPPENS}, kind=kind)
        held = {
            "name": rule.name,
            "points": _plain(rule.points),
            "cause": HAPPENS if rule.signal else IS,
            "signal": rule.signal,
            "at_most": _plain(rule.at_most),
        }
        return cls(initial=held, kind=kind)

    @classmethod
    def as_typed(cls, data: Any, *, kind: str) -> RuleForm:
        """Return the form with what was typed, unchecked."""
        names = ("name", "points", "cause", "signal", "at_most")
        return cls(initial={name: data.get(name, "") for name in names}, kind=kind)

    @property
    def asks_condition(self) -> bool:
        """Whether the points are for what the account is; only of a form that is valid."""
        return str(self.cleaned_data.get("cause", IS)) == IS

    def refuse(self, error: ValidationError, place: int) -> list[str]:
        """Show what a model's check found at this rule's fields; return what it found elsewhere."""
        elsewhere: list[str] = []
        for key, found in error.message_dict.items():
            name = key.removeprefix(f"rules.{place}.")
            if name in self.fields:
                self.add_error(name, found)
            else:
                elsewhere += found
        return elsewhere


def _signals(held: str) -> Iterable[tuple[str, Sequence[tuple[str, str]]]]:
    grouped = groupby(SIGNALS.values(), key=attrgetter("group"))
    found = [(group, [(signal.key, signal.label) for signal in some]) for group, some in grouped]
    if held and held not in SIGNALS:
        found.insert(0, ("Chosen before", [(held, f"{held} (no longer known)")]))
    return found


def _plain(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"
