"""Forms of absences."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from people.absences.services import may_write_for
from people.approvals.forms import PersonField
from people.functions import Function
from people.models import User


class AbsenceForm(forms.Form):
    """The days on which a person is away, and who stands in."""

    starts_on = forms.DateField(
        label="From", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label="Until",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The last day away. Whole days count, in the time zone of whoever is away.",
    )
    stand_in = PersonField(
        queryset=User.objects.none(),
        label="Who stands in",
        required=False,
        empty_label="Nobody",
        help_text="They are told by e-mail.",
    )
    note = forms.CharField(
        required=False,
        max_length=300,
        help_text="Such as on holiday. Every colleague reads it, so leave out what is private.",
    )

    def __init__(self, *args: Any, person: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stand_in = self.fields["stand_in"]
        assert isinstance(stand_in, forms.ModelChoiceField)
        active = User.objects.filter(is_active=True).order_by("name", "pk")
        stand_in.queryset = active.exclude(pk=person.pk) if person else active

    def add_errors(self, error: ValidationError) -> None:
        """Put what a service refused beside the fields it named."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


class NewAbsenceForm(AbsenceForm):
    """An absence that is written down: of oneself, or of those whose absences one writes too."""

    person = PersonField(queryset=User.objects.none(), label="Who is away", empty_label=None)

    field_order = ("person", "starts_on", "ends_on", "stand_in", "note")

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person = self.fields["person"]
        assert isinstance(person, forms.ModelChoiceField)
        if by.function not in (Function.SUPPORT, Function.REVOPS):
            del self.fields["person"]
            return
        person.queryset = User.objects.filter(is_active=True).order_by("name", "pk")
        if by.function == Function.SUPPORT:
            person.queryset = person.queryset.filter(function=Function.SUPPORT)
        person.initial = by.pk

    def whose(self, by: User) -> User:
        """Return whose absence was typed."""
        found = self.cleaned_data.get("person", by)
        assert isinstance(found, User)
        assert may_write_for(by, found)
        return found
