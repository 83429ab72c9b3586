"""Forms of teams."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Case, When

from people.approvals.forms import PersonField
from people.functions import Function
from people.models import Skill, User
from support.models.teams import MOST_OPEN


class _Form(forms.Form):
    def add_errors(self, error: ValidationError) -> None:
        """Put what a service refused beside the fields it named."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


class TeamForm(_Form):
    """A team, and what it covers."""

    name = forms.CharField(max_length=80, help_text="Such as Billing specialists.")
    purpose = forms.CharField(max_length=200, required=False, label="What it is for")
    covers = forms.ModelMultipleChoiceField(
        queryset=Skill.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    is_general = forms.BooleanField(
        label="The general team",
        required=False,
        help_text="It takes what no other team does. There is one; this one takes its place.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        covers = self.fields["covers"]
        assert isinstance(covers, forms.ModelMultipleChoiceField)
        covers.queryset = Skill.objects.order_by("kind", "name")
        if not covers.queryset.exists():
            del self.fields["covers"]


class MemberForm(_Form):
    """A person who works for a team."""

    person = PersonField(queryset=User.objects.none(), empty_label="Choose somebody")
    open_limit = forms.IntegerField(
        label="Open tickets at most",
        min_value=1,
        max_value=MOST_OPEN,
        initial=15,
        help_text="Of all teams together. Somebody in the team already gets this limit.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person = self.fields["person"]
        assert isinstance(person, forms.ModelChoiceField)
        # Those of support first, as they are meant nearly always.
        of_support = Case(When(function=Function.SUPPORT, then=0), default=1)
        person.queryset = User.objects.filter(is_active=True).order_by(of_support, "name", "pk")
