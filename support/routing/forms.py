"""Forms of routing: give a ticket, and say who looks after an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Case, When
from django.http import QueryDict

from people.approvals.forms import PersonField
from people.functions import Function
from people.models import Skill, User
from support.models import Priority, SupportTeam
from support.routing.rules import LONGEST_NAME, RuleDraft
from support.routing.services import LONGEST_REASON


def _of_support() -> Any:
    """Return active people, those of support first."""
    first = Case(When(function=Function.SUPPORT, then=0), default=1)
    return User.objects.filter(is_active=True).order_by(first, "name", "pk")


class _Form(forms.Form):
    def add_errors(self, error: ValidationError) -> None:
        """Put what a service refused beside the fields it named."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


class GiveForm(_Form):
    """Give a ticket to somebody, or into the queue of a team."""

    engineer = PersonField(
        queryset=User.objects.none(), label="Who gets it", required=False, empty_label="Nobody yet"
    )
    team = forms.ModelChoiceField(
        queryset=SupportTeam.objects.none(),
        label="Queue",
        required=False,
        empty_label="The team of whoever gets it",
    )
    reason = forms.CharField(label="Why", max_length=LONGEST_REASON)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**63 - 1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        engineer, team = self.fields["engineer"], self.fields["team"]
        assert isinstance(engineer, forms.ModelChoiceField)
        assert isinstance(team, forms.ModelChoiceField)
        engineer.queryset = _of_support()
        team.queryset = SupportTeam.objects.order_by("name")


class RuleForm(_Form):
    """One routing rule, but for its condition, which the editor of conditions holds."""

    name = forms.CharField(
        max_length=LONGEST_NAME,
        help_text="As people should read it beside a ticket, such as “Strategic accounts”.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    areas = forms.CharField(
        label="Product areas",
        required=False,
        max_length=4000,
        help_text="As the help desk names them, a line each; none is every area.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    priorities = forms.MultipleChoiceField(
        required=False,
        choices=Priority.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="None is every priority.",
    )
    is_named_first = forms.BooleanField(
        label="The named engineer and the account’s pod come first", required=False
    )
    team = forms.ChoiceField(required=False, help_text="Where it goes, or to whoever covers what it needs.")
    skills = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Needed beside the ticket’s product area.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team, skills = self.fields["team"], self.fields["skills"]
        assert isinstance(team, forms.ChoiceField)
        assert isinstance(skills, forms.MultipleChoiceField)
        names = SupportTeam.objects.order_by("name").values_list("name", flat=True)
        team.choices = [("", "Whoever covers it"), *((name, name) for name in names)]
        known = Skill.objects.order_by("name").values_list("name", flat=True)
        skills.choices = [(name, name) for name in known]

    @classmethod
    def of(cls, one: RuleDraft) -> RuleForm:
        """Return the form as a rule has it."""
        initial = {name: getattr(one, name) for name in cls.base_fields}
        return cls(initial={**initial, "areas": "\n".join(one.areas)})

    @classmethod
    def as_typed(cls, data: QueryDict) -> RuleForm:
        """Return the form with what was typed, unchecked."""
        several = ("priorities", "skills")
        initial = {
            name: data.getlist(name) if name in several else data.get(name, "") for name in cls.base_fields
        }
        return cls(initial=initial)

    def rule(self, condition: Mapping[str, Any]) -> RuleDraft:
        """Return what was typed; call it on a form that is valid."""
        held = self.cleaned_data
        areas = [line.strip() for line in held["areas"].splitlines() if line.strip()]
        return RuleDraft(**{**held, "areas": areas, "condition": condition})


class PublishRulesForm(_Form):
    """Why rules are put in force, and from when on."""

    note = forms.CharField(
        label="What changes, and why",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what changes and why: colleagues read it beside the version."},
    )
    starts_on = forms.DateField(
        label="From",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="A day ahead (UTC), or nothing for now.",
        error_messages={"invalid": "Write a day such as 2027-03-31, or nothing for now."},
    )


class EngineersForm(_Form):
    """Who of support looks after an account."""

    named = PersonField(
        queryset=User.objects.none(),
        label="Named engineer",
        required=False,
        empty_label="Nobody",
        help_text="Tickets go to them first where a rule says so.",
    )
    others = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(),
        label="Others of the pod",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="They come next, by name.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named, others = self.fields["named"], self.fields["others"]
        assert isinstance(named, forms.ModelChoiceField)
        assert isinstance(others, forms.ModelMultipleChoiceField)
        named.queryset = _of_support()
        others.queryset = User.objects.filter(is_active=True, function=Function.SUPPORT).order_by(
            "name", "pk"
        )
