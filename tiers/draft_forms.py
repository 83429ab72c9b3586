"""The forms by which RevOps edits a draft: its terms, one of its rules, its thresholds, and its day."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict

from accounts.conditions.expression import Problem, condition_data, stored_condition
from accounts.conditions.forms import ConditionForm
from accounts.models import Tier
from tiers.content import EVERYONE, MOST_POINTS, NAME_LENGTH, Content, Points, Rule, Threshold
from tiers.models import RuleSet
from tiers.models.rules import LONGEST_WAIT

LONGEST_NOTE = 4000


class TermsForm(forms.Form):
    """Everything of a draft but its rules."""

    note = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What it changes and why, for colleagues.",
    )
    minimum_dwell_days = forms.IntegerField(
        label="Minimum dwell, days",
        min_value=0,
        max_value=LONGEST_WAIT,
        help_text="No move down before so many days in a tier, and no return after a move down.",
    )
    demotion_grace_days = forms.IntegerField(
        label="Demotion grace, days",
        min_value=0,
        max_value=LONGEST_WAIT,
        help_text="A move down must be asked for so many days before it counts.",
    )
    demotions_need_approval = forms.BooleanField(
        label="Moves down need approval",
        required=False,
        help_text="Customer success is asked once the grace is over.",
    )

    def __init__(self, data: QueryDict | None, content: Content) -> None:
        super().__init__(data, initial={name: getattr(content, name) for name in TERMS})
        self.content = content
        self.thresholds: list[tuple[Tier, str]] = []
        if content.kind == RuleSet.Kind.SCORE:
            self._add_thresholds()

    def _add_thresholds(self) -> None:
        held = {one.tier: one for one in self.content.thresholds}
        for tier in Tier.objects.order_by("rank"):
            name = f"threshold_{tier.slug}"
            self.thresholds.append((tier, name))
            one = held.get(tier.slug)
            for part, label in (("enter", "to enter"), ("stay", "to stay")):
                value = getattr(one, part) if one else None
                self.fields[f"{name}_{part}"] = forms.DecimalField(
                    label=f"{tier.label}: points {label}",
                    required=False,
                    max_digits=8,
                    decimal_places=2,
                    validators=[MinValueValidator(-MOST_POINTS), MaxValueValidator(MOST_POINTS)],
                    initial=value,
                )
            self.fields[f"{name}_given"] = forms.BooleanField(
                label=f"{tier.label} is given", required=False, initial=one is not None
            )

    @property
    def term_fields(self) -> list[Any]:
        """The fields of the terms, as the page shows them."""
        return [self[name] for name in TERMS]

    @property
    def threshold_rows(self) -> list[dict[str, Any]]:
        """The thresholds as rows of the page, the highest tier first."""
        return [
            {
                "tier": tier,
                "enter": self[f"{name}_enter"],
                "stay": self[f"{name}_stay"],
                "given": self[f"{name}_given"],
            }
            for tier, name in self.thresholds
        ]

    def changed(self, content: Content) -> Content:
        """Return ``content`` with what the form says; the form is valid."""
        given = self.cleaned_data
        changes: dict[str, Any] = {name: given[name] for name in TERMS}
        if self.thresholds:
            changes["thresholds"] = tuple(
                Threshold(tier=tier.slug, enter=given[f"{name}_enter"], stay=given[f"{name}_stay"])
                for tier, name in self.thresholds
                if given[f"{name}_given"]
            )
        return _with(content, **changes)

    def refuse(self, problems: Sequence[Problem]) -> list[Problem]:
        """Put each problem at its field, and return those that have none here."""
        rest = []
        given = [name for tier, name in self.thresholds if self.cleaned_data.get(f"{name}_given")]
        for problem in problems:
            parts = problem.path.strip("/").split("/")
            field = parts[0]
            if field == "thresholds" and len(parts) > 2 and parts[1].isdecimal():
                place = int(parts[1])
                field = f"{given[place]}_{parts[2]}" if place < len(given) else ""
            if field in self.fields:
                self.add_error(field, f"{problem.message} {problem.remedy}")
            else:
                rest.append(problem)
        return rest


class NamedForm(forms.Form):
    """The name of a rule with what it gives: a tier, or points."""

    name = forms.CharField(
        max_length=NAME_LENGTH, help_text="Shown on each account that it moves. Each name is used once."
    )
    tier = forms.ChoiceField(label="Gives")
    points = forms.DecimalField(
        max_digits=8,
        decimal_places=2,
        validators=[MinValueValidator(-MOST_POINTS), MaxValueValidator(MOST_POINTS)],
        help_text="Below zero to take points away.",
    )

    def __init__(self, data: QueryDict | None, item: Rule | Points | None, *, is_score: bool) -> None:
        initial = {}
        if item is not None:
            initial = {
                "name": item.name,
                "tier": getattr(item, "tier", ""),
                "points": getattr(item, "points", ""),
            }
        super().__init__(data, initial=initial)
        choice = self.fields["tier"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = list(Tier.objects.order_by("rank").values_list("slug", "label"))
        del self.fields["tier" if is_score else "points"]


class ItemForm:
    """One rule, or one line of points, with its condition: two forms on one page that are sent together."""

    def __init__(
        self, data: QueryDict | None, *, content: Content, item: Rule | Points | None, url: str
    ) -> None:
        self.is_score = content.kind == RuleSet.Kind.SCORE
        self.item = item
        self.named = NamedForm(data, item, is_score=self.is_score)
        initial = stored_condition(item.condition) if item is not None else None
        self.editor = ConditionForm(data, initial=initial, prefix="rule", url=url, has_stay=not self.is_score)

    @property
    def is_edit(self) -> bool:
        """Whether a button of the condition's editor was pressed, so that nothing is saved."""
        return self.editor.is_edit

    def is_valid(self) -> bool:
        """Check both, so that all that is wrong is told at once."""
        is_named = self.named.is_valid()
        return self.editor.is_valid() and is_named

    def typed(self) -> Rule | Points:
        """Return what the form says; it is valid."""
        given = self.named.cleaned_data
        condition = condition_data(self.editor.condition) if self.editor.condition is not None else EVERYONE
        if self.is_score:
            return Points(name=given["name"], points=Decimal(given["points"]), condition=condition)
        return Rule(name=given["name"], tier=given["tier"], condition=condition)

    def refuse(self, problems: Sequence[Problem], place: int) -> list[Problem]:
        """Put each problem of the item at ``place`` at its field, and return those of others."""
        own = f"/{'points' if self.is_score else 'rules'}/{place}/"
        rest = []
        for problem in problems:
            told = f"{problem.message} {problem.remedy}"
            if not problem.path.startswith(own):
                rest.append(problem)
            elif (field := problem.path.removeprefix(own)) in self.named.fields:
                self.named.add_error(field, told)
            else:
                self.editor.refuse_whole(told)
        return rest


class ScheduleForm(forms.Form):
    """The day on which a draft comes into force."""

    starts_on = forms.DateField(
        label="In force from",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="When the day begins (UTC).",
    )
    if_changed = forms.ChoiceField(
        label="If more would change that day than the preview shows",
        choices=RuleSet.IfChanged,
        initial=RuleSet.IfChanged.HOLD,
        widget=forms.RadioSelect,
        help_text="It is previewed again the day before, and you are told what would be otherwise.",
    )


class PreviewForm(forms.Form):
    """The day of which a preview speaks."""

    as_of = forms.DateField(
        label="As of a past day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty for now. A past day asks with the numbers, profiles and tiers of that day.",
    )


TERMS = ("note", "minimum_dwell_days", "demotion_grace_days", "demotions_need_approval")


def _with(content: Content, **changes: Any) -> Content:

    return msgspec.structs.replace(content, **changes)
