"""The forms of endpoints; the services decide what is valid."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from people.functions import Function
from sync.webhooks.listing import oldest_kept, sorted_kinds
from sync.webhooks.relay import EVERY


class EndpointForm(forms.Form):
    """Whom to tell, of what, and with whose eyes."""

    name = forms.CharField(
        max_length=150,
        help_text="The system that listens, such as “Data warehouse”.",
        widget=forms.TextInput(),
    )
    url = forms.CharField(
        label="Address",
        max_length=2000,
        help_text="Where deliveries are posted. HTTPS, and reachable from the open internet.",
        widget=forms.TextInput(
            attrs={
                "inputmode": "url",
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "https://",
            }
        ),
    )
    function = forms.ChoiceField(
        label="Reads as",
        choices=[("", "Choose a function"), *Function.choices],
        error_messages={"required": "Choose the function whose eyes it reads with."},
        help_text="What this function may not see is left out of what the endpoint is told. RevOps and "
        "leadership see everything.",
    )
    kinds = forms.MultipleChoiceField(
        choices=lambda: [(EVERY, "Every event"), *((kind.key, kind.label) for kind in sorted_kinds())],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one event."},
    )

    def kind_rows(self) -> list[dict[str, Any]]:
        """Return the events as rows of a table, each with whether it is chosen."""
        chosen = self["kinds"].value() or []
        rows = [{"key": EVERY, "label": "Every event", "members": "Also those that are added later"}]
        rows += [{"key": kind.key, "label": kind.label, "members": kind.members} for kind in sorted_kinds()]
        return [{**row, "is_chosen": row["key"] in chosen} for row in rows]

    def add_errors(self, error: ValidationError) -> None:
        """Put what the service refused beside the fields it named."""
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


class ReplayForm(forms.Form):
    """From when on everything is sent again."""

    since = forms.DateTimeField(
        label="Everything since",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )

    def clean_since(self) -> Any:
        """Refuse a time from which events are no longer kept, and the future."""
        since = self.cleaned_data["since"]
        now = timezone.now()
        if since >= now:
            raise ValidationError("That is in the future.")
        if since < oldest_kept(now, settings.WEBHOOKS_KEEP_DAYS):
            raise ValidationError(f"Events are kept for {settings.WEBHOOKS_KEEP_DAYS} days.")
        return since
