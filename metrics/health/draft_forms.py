"""Forms of a draft of a health model. What a model may hold is checked by ``metrics.health.content``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from metrics.health.choosing import left_to_add
from metrics.health.content import HEAVIEST, MOST_RANK, ComponentDraft, Content
from metrics.health.curves import MOST_PAIRS, Curve, curve_problem
from metrics.models import HealthGroup, HealthLimit, HealthModel

WEIGHT = "weight-"
LEAST_WEIGHT = Decimal("0.001")


def _number_input() -> forms.TextInput:
    return forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})


def plain_text(value: Decimal | None) -> str:
    """Return a number as somebody would type it."""
    return "" if value is None else f"{value.normalize():f}"


class DraftForm(forms.Form):
    """What a draft says beside its curves and limits: the weights, and how much of them must be there."""

    minimum_coverage = forms.DecimalField(
        label="Minimum coverage in %",
        min_value=Decimal(10),
        max_value=Decimal(100),
        max_digits=4,
        decimal_places=1,
        help_text="Where less of the weight has a value, an account has “insufficient data” and no number.",
        widget=_number_input(),
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=2000,
        help_text="What it changes and why, for colleagues. It is asked for again before you publish.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    add = forms.ChoiceField(label="Add a component", required=False)

    def __init__(self, *args: Any, content: Content, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.content = content
        for part in content.components:
            self.fields[f"{WEIGHT}{part.key}"] = forms.DecimalField(
                label=f"Weight of {part.label}",
                min_value=LEAST_WEIGHT,
                max_value=HEAVIEST,
                decimal_places=3,
                max_digits=6,
                widget=_number_input(),
            )
        add = self.fields["add"]
        assert isinstance(add, forms.ChoiceField)
        held = {part.key for part in content.components}
        add.choices = [
            ("", "Choose"),
            *((group, [(one.key, one.label) for one in some]) for group, some in left_to_add(held)),
        ]

    @classmethod
    def of(cls, model: HealthModel, content: Content) -> DraftForm:
        """Return the form as a draft has it."""
        held = {
            "minimum_coverage": plain_text((content.minimum_coverage or Decimal(0)) * 100),
            "note": model.note,
            **{f"{WEIGHT}{part.key}": plain_text(part.weight) for part in content.components},
        }
        return cls(initial=held, content=content)

    @property
    def written(self) -> Content:
        """What the draft says with what was typed; only of a form that is valid."""
        return replace(
            self.content,
            minimum_coverage=self.cleaned_data["minimum_coverage"] / 100,
            components=tuple(
                replace(part, weight=self.cleaned_data[f"{WEIGHT}{part.key}"])
                for part in self.content.components
            ),
        )

    def weight_of(self, key: str) -> forms.BoundField:
        """Return the field of a component's weight."""
        return self[f"{WEIGHT}{key}"]

    def refuse(self, error: ValidationError) -> dict[str, list[str]]:
        """Show what the check found at this form's fields; return what it found elsewhere."""
        rest: dict[str, list[str]] = {}
        for name, found in error.message_dict.items():
            kind, _, part = name.partition(".")
            place, _, column = part.partition(".")
            field = name
            if kind == "components" and column == "weight" and int(place) < len(self.content.components):
                field = f"{WEIGHT}{self.content.components[int(place)].key}"
            if field in self.fields:
                self.add_error(field, found)
            else:
                rest[name] = found
        return rest


class ComponentForm(forms.Form):
    """What a component is called and weighs; its curve is typed in pairs beside it."""

    label = forms.CharField(
        label="Name",
        max_length=128,
        help_text="As people should read it in an explanation.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    group = forms.ChoiceField(label="Group", choices=HealthGroup.choices)
    weight = forms.DecimalField(
        label="Weight",
        min_value=LEAST_WEIGHT,
        max_value=HEAVIEST,
        decimal_places=3,
        max_digits=6,
        widget=_number_input(),
    )

    @classmethod
    def of(cls, part: ComponentDraft) -> ComponentForm:
        """Return the form as a component has it."""
        return cls(initial={"label": part.label, "group": part.group, "weight": plain_text(part.weight)})

    @classmethod
    def as_typed(cls, data: Mapping[str, Any]) -> ComponentForm:
        """Return the form with what was typed, unchecked."""
        return cls(initial={name: data.get(name, "") for name in ("label", "group", "weight")})


@dataclass(kw_only=True, slots=True)
class PairTyped:
    """One pair of a curve as somebody typed it, with what is wrong with it."""

    value: str = ""
    points: str = ""
    error: str = ""


class CurvePairs:
    """The pairs of a curve in a form: ``value-0``, ``points-0``, and so on; lines without either are left out."""

    def __init__(self, pairs: Sequence[PairTyped]) -> None:
        self.pairs = list(pairs)
        self.error = ""
        self.curve: Curve = ()

    @classmethod
    def of(cls, curve: Curve) -> CurvePairs:
        """Return the pairs of a curve."""
        return cls([PairTyped(value=plain_text(v), points=plain_text(p)) for v, p in curve])

    @classmethod
    def typed(cls, data: Mapping[str, Any]) -> CurvePairs:
        """Return the pairs that a form was sent with."""
        return cls(
            [
                PairTyped(
                    value=str(data.get(f"value-{place}", "")).strip()[:40],
                    points=str(data.get(f"points-{place}", "")).strip()[:40],
                )
                for place in range(MOST_PAIRS + 1)
                if f"value-{place}" in data
            ]
        )

    def change(self, action: str) -> None:
        """Do what a button asks: ``add`` a pair at the end, or ``remove:2``."""
        verb, _, where = action.partition(":")
        if verb == "add" and len(self.pairs) < MOST_PAIRS:
            self.pairs.append(PairTyped())
        elif verb == "remove" and where.isascii() and where.isdigit() and int(where[:3]) < len(self.pairs):
            self.pairs.pop(int(where[:3]))

    def is_valid(self) -> bool:
        """Check what was typed; ``curve`` is the result, else ``error`` and the pairs say what is wrong."""
        found = []
        for pair in self.pairs:
            if not pair.value and not pair.points:
                continue
            value, points = _read(pair.value), _read(pair.points)
            if value is None or points is None:
                pair.error = "Type a number for the value and for its points, such as 0.8 and 65."
            else:
                found.append((value, points))
        if any(pair.error for pair in self.pairs):
            self.error = "Some of the pairs can’t be read."
            return False
        self.curve = tuple(found)
        self.error = curve_problem(self.curve)
        return not self.error


def _read(text: str) -> Decimal | None:
    try:
        found = Decimal(text.replace("−", "-").replace("\u202f", "").replace(" ", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


class LimitForm(forms.Form):
    """A limit of the whole score, but for its condition, which the editor of conditions holds."""

    label = forms.CharField(
        label="Name",
        max_length=128,
        help_text="As people should read it in an explanation, such as “No usage for 30 days”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        label="The score is then",
        choices=[
            (HealthLimit.Kind.CEILING, "At most the points"),
            (HealthLimit.Kind.FLOOR, "At least the points"),
        ],
        widget=forms.RadioSelect,
    )
    points = forms.DecimalField(
        label="Points",
        min_value=Decimal(0),
        max_value=Decimal(100),
        max_digits=4,
        decimal_places=1,
        help_text="From 0 to 100. At most 74.9 keeps an account from green, at most 49.9 from amber.",
        widget=_number_input(),
    )

    @classmethod
    def as_typed(cls, data: Mapping[str, Any]) -> LimitForm:
        """Return the form with what was typed, unchecked."""
        return cls(initial={name: data.get(name, "") for name in ("label", "kind", "points")})


class SegmentForm(forms.Form):
    """Which of two segments goes first; who is in it stands in the editor of conditions."""

    rank = forms.IntegerField(
        label="Rank",
        min_value=0,
        max_value=MOST_RANK,
        help_text="An account in two segments is scored by the one of the lower rank.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
