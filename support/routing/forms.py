"""Forms of routing: give a ticket, and say who looks after an account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Case, When

from people.approvals.forms import PersonField
from people.functions import Function
from people.models import User
from support.models import SupportTeam
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
