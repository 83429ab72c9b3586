"""Forms of skills."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from people.models import Skill, SkillKind


class SkillForm(forms.Form):
    """A word of the vocabulary."""

    name = forms.CharField(
        max_length=80, help_text="A product area is named as the help desk names it on a ticket."
    )
    kind = forms.ChoiceField(choices=[("", "Choose"), *SkillKind.choices])

    def add_errors(self, error: ValidationError) -> None:
        """Put what a service refused beside the fields it named."""
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


class SkillsForm(forms.Form):
    """The skills of one person, by kind."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        skills = list(Skill.objects.order_by("name"))
        for kind in SkillKind:
            of_kind = [skill for skill in skills if skill.kind == kind]
            if of_kind:
                self.fields[kind.value] = forms.MultipleChoiceField(
                    label=f"{kind.label}s",
                    required=False,
                    widget=forms.CheckboxSelectMultiple,
                    choices=[(str(skill.pk), skill.name) for skill in of_kind],
                )
        self.known = {str(skill.pk): skill for skill in skills}

    def chosen(self) -> list[Skill]:
        """Return the skills that are ticked."""
        return [self.known[key] for name in self.fields for key in self.cleaned_data[name]]
