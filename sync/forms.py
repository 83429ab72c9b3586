"""The forms about tokens; the services decide what is valid."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from people.functions import Function
from sync.services import known_scopes
from sync.services.tokens import LARGEST_RATE

MEANINGS = {
    "*": "every resource and what is made of them",
    "account-360": "the account page: figures, panels and timeline of every category",
    "metrics": "the stored numbers of every category",
}
LIFETIMES = (("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("never", "Never"))


def _days(choice: str) -> int | None:
    return int(choice) if choice.isdigit() else None


KINDS = (
    ("token", "A token, which the program sends with each call"),
    ("client", "An OAuth client, which fetches tokens for an hour"),
)


class RateField(forms.IntegerField):
    """How many calls a minute; empty for the installation's limit."""

    def __init__(self) -> None:
        super().__init__(
            label="Calls a minute",
            required=False,
            min_value=1,
            max_value=LARGEST_RATE,
            help_text="Left empty, the limit of the installation holds.",
            widget=forms.NumberInput(attrs={"placeholder": settings.API_RATE}),
        )


class LimitForm(forms.Form):
    """How many calls a minute a token, or all tokens of a client, may make."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rate"] = RateField()


class TokenForm(forms.Form):
    """What a new token, or those of a new OAuth client, may do, for whom and how long."""

    kind = forms.ChoiceField(label="Signs in with", choices=KINDS, initial="token")
    source = forms.CharField(
        max_length=64,
        help_text="The system that will call, as a slug such as salesforce. A new one is added.",
        widget=forms.TextInput(attrs={"list": "sync-sources", "autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(
        label="Client",
        max_length=150,
        required=False,
        help_text="The program, such as “nightly export”. A client may hold several tokens.",
    )
    scopes = forms.MultipleChoiceField(
        choices=lambda: [(scope, scope) for scope in known_scopes()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one scope."},
    )
    function = forms.ChoiceField(
        label="Reads as",
        choices=[("", "Choose a function"), *Function.choices],
        error_messages={"required": "Choose the function whose eyes it reads with."},
        help_text="What this function may not see is left out of what the token reads. RevOps and leadership "
        "see everything. Writing is not affected.",
    )
    days = forms.TypedChoiceField(
        label="Expires after",
        choices=LIFETIMES,
        coerce=_days,
        initial="90",
        help_text="A shorter life makes a lost token less of a loss. An OAuth client lasts until it is revoked.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rate"] = RateField()

    def clean_source(self) -> str:
        """Take the slug as typed but for its case."""
        source: str = self.cleaned_data["source"]
        return source.lower()

    def scope_rows(self) -> list[dict[str, Any]]:
        """Return the scopes as rows of a table: a name, and for reading and writing whether it is chosen."""
        chosen = self["scopes"].value() or []
        names = list(dict.fromkeys(scope.partition(":")[0] for scope in known_scopes()))
        return [
            {
                "name": name,
                "meaning": MEANINGS.get(name, ""),
                "cells": [
                    {"value": scope, "action": action, "is_chosen": scope in chosen}
                    for action in ("read", "write")
                    if (scope := f"{name}:{action}") in known_scopes()
                ],
            }
            for name in names
        ]

    def add_errors(self, error: ValidationError) -> None:
        """Put what the service refused beside the fields it named."""
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)
