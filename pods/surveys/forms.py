"""Forms of surveys: the answer of a customer, whom to ask, and the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from pods.surveys.models import LONGEST_QUIET, LONGEST_VALID
from pods.surveys.registry import Candidate, SurveyKind
from pods.surveys.rules import Rules
from pods.surveys.services import COMMENT_AT_MOST

LARGEST_ID = 2**63 - 1


class AnswerForm(forms.Form):
    """What a customer answers; ``chosen`` is the address by which they came."""

    rating = forms.TypedChoiceField(
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose one of the answers.",
            "invalid_choice": "Choose one of the answers.",
        },
    )
    comment = forms.CharField(
        label="What should we know? (optional)",
        required=False,
        max_length=COMMENT_AT_MOST,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(
        self, *args: Any, kind: SurveyKind, chosen: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        rating = self.fields["rating"]
        assert isinstance(rating, forms.TypedChoiceField)
        rating.choices = [(step, str(step)) for step in kind.steps]
        picked = str((chosen or {}).get("rating", ""))
        if picked in map(str, kind.steps):
            rating.initial = int(picked)

    @property
    def picked(self) -> str:
        """The answer that is chosen, empty where none is."""
        return str(self["rating"].value() or "") if self["rating"].value() != 0 else "0"


class AskForm(forms.Form):
    """Whom to ask, and about what."""

    subject = forms.TypedChoiceField(
        coerce=int,
        error_messages={"required": "Choose whom to ask.", "invalid_choice": "Choose one of those listed."},
    )

    def __init__(self, *args: Any, kind: SurveyKind, candidates: Sequence[Candidate], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        subject = self.fields["subject"]
        assert isinstance(subject, forms.TypedChoiceField)
        subject.label = "Ticket" if kind.asks_once else "Contact"
        subject.choices = [(one.subject_id, one.label) for one in candidates]


class RulesForm(forms.Form):
    """By what rules a kind is asked."""

    is_automatic = forms.BooleanField(label="Ask by itself", required=False)
    quiet_days = forms.IntegerField(
        label="Nobody again within (days)",
        min_value=0,
        max_value=LONGEST_QUIET,
        help_text="By whatever system they were asked. 0 lets everybody be asked at any time.",
    )
    valid_days = forms.IntegerField(label="A link works for (days)", min_value=1, max_value=LONGEST_VALID)

    def __init__(self, data: Any = None, *, kind: SurveyKind, rules: Rules) -> None:
        held = {
            "is_automatic": rules.automatic_since is not None,
            "quiet_days": rules.quiet_days,
            "valid_days": rules.valid_days,
        }
        super().__init__(data, prefix=kind.key, initial=held)
        self.kind = kind
        if kind.when:
            self.fields["is_automatic"].help_text = kind.when
        else:
            del self.fields["is_automatic"]

    def add_errors(self, error: ValidationError) -> None:
        """Put what the service refused beside the fields it named."""
        for name, told in error.message_dict.items():
            self.add_error(name if name in self.fields else None, told)
