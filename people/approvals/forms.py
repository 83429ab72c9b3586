"""Forms of approvals."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from people.approvals.registry import approval_kinds
from people.models import User

COMMENT_AT_MOST = 4000


class CommentForm(forms.Form):
    """A comment with or without a decision; a decision other than approval needs one."""

    comment = forms.CharField(
        required=False,
        max_length=COMMENT_AT_MOST,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Needed to reject or return; everybody concerned reads it.",
    )


class AgainForm(forms.Form):
    """Ask again after a return."""

    reason = forms.CharField(
        max_length=COMMENT_AT_MOST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Say what you changed, or why it should be allowed as it is.",
    )


class WithdrawForm(forms.Form):
    """Take a request back."""

    note = forms.CharField(required=False, max_length=500, label="Why", help_text="Optional.")


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]  # generic for type checkers only
    """A colleague, named with the function."""

    def label_from_instance(self, obj: User) -> str:
        """Return what the choice reads."""
        return f"{obj.name}, {obj.get_function_display()}"


class DelegationForm(forms.Form):
    """Let somebody else decide for a while."""

    taker = PersonField(
        queryset=User.objects.none(), label="Who decides for you", empty_label="Choose somebody"
    )
    starts_on = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(
        label="Until",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The last day on which they decide for you.",
    )
    kinds = forms.MultipleChoiceField(
        label="Which approvals",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen means all of them.",
    )
    reason = forms.CharField(required=False, max_length=300, help_text="Such as a holiday. They read it.")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = User.objects.filter(is_active=True).exclude(pk=user.pk).order_by("name", "pk")
        taker, kinds = self.fields["taker"], self.fields["kinds"]
        assert isinstance(taker, forms.ModelChoiceField)
        assert isinstance(kinds, forms.MultipleChoiceField)
        taker.queryset = others
        kinds.choices = [(kind.key, kind.label) for kind in approval_kinds]
        if not kinds.choices:
            del self.fields["kinds"]

    def add_errors(self, error: ValidationError) -> None:
        """Put what a service refused beside the fields it named."""
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)
