"""The forms of a connection: how to get in, how often."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from common.formatting import format_date
from sync.connectors.access import WAY
from sync.connectors.declarations import Connector, Setting
from sync.models import Connection

INTERVALS = (
    (5, "Every 5 minutes"),
    (15, "Every 15 minutes"),
    (30, "Every half hour"),
    (60, "Every hour"),
    (360, "Every 6 hours"),
    (1440, "Every day"),
)


class SecretText(forms.Textarea):
    """A field for a long secret, which is never sent back to the page."""

    def format_value(self, value: Any) -> str:
        """Show nothing of what was typed."""
        return ""


class ConnectionForm(forms.Form):
    """Name, source and the settings that one way of signing in to one system needs; the service decides."""

    name = forms.CharField(max_length=150, help_text="How this connection is called here.")

    def __init__(
        self, connector: Connector, way: str, data: Any = None, *, connection: Connection | None = None
    ) -> None:
        initial = (
            {**connection.settings, "name": connection.name} if connection else {"name": connector.label}
        )
        super().__init__(data, initial=initial)
        self.connector = connector
        self.way = way
        # Each way has secrets of its own: those of another don't count as set.
        is_same_way = connection is not None and connection.settings.get(WAY, "") == way
        held = connection.secrets_set_at if connection is not None and is_same_way else {}
        if connection is None:
            self.fields["source"] = forms.CharField(
                max_length=64,
                initial=connector.key,
                help_text="The source that its records belong to, as a slug; one connection each.",
                widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            )
        for setting in connector.settings:
            if setting.applies(way) and not (setting.for_tests and not settings.CONNECTORS_ALLOW_HOSTS):
                self.fields[setting.key] = _field(setting, held)

    def values(self) -> dict[str, str]:
        """Return what was typed in, with the way of signing in."""
        data = {key: value for key, value in self.cleaned_data.items() if key not in ("name", "source")}
        return {**data, WAY: self.way}

    def clean_source(self) -> str:
        """Take the slug as typed but for its case."""
        return str(self.cleaned_data["source"]).lower()

    def add_errors(self, error: ValidationError) -> None:
        """Put what the service refused beside the fields it named."""
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


def _field(setting: Setting, held: Mapping[str, str]) -> forms.CharField:
    hint = setting.help
    is_set = setting.key in held
    if is_set:
        day = format_date(timezone.localtime(datetime.fromisoformat(held[setting.key])))
        hint = f"{hint} Set on {day}; leave empty to keep it.".strip()
    attrs = {"autocomplete": "off", "spellcheck": "false"}
    widget: forms.Widget = forms.TextInput(attrs=attrs)
    if setting.is_secret:
        attrs = {**attrs, "autocomplete": "new-password"}
        widget = (
            SecretText(attrs={**attrs, "rows": 5}) if setting.is_long else forms.PasswordInput(attrs=attrs)
        )
    return forms.CharField(
        label=setting.label,
        help_text=hint,
        required=setting.is_required and not is_set,
        initial=setting.default,
        widget=widget,
        strip=not setting.is_long,
        max_length=20_000,
    )


class ScheduleForm(forms.Form):
    """How often a connection runs."""

    interval_minutes = forms.TypedChoiceField(label="How often it runs", coerce=int, choices=INTERVALS)

    def __init__(self, connection: Connection, data: Any = None) -> None:
        super().__init__(data, initial={"interval_minutes": connection.interval_minutes})
        field = self.fields["interval_minutes"]
        assert isinstance(field, forms.TypedChoiceField)
        if connection.interval_minutes not in dict(INTERVALS):
            own = (connection.interval_minutes, f"Every {connection.interval_minutes} minutes")
            field.choices = [*INTERVALS, own]
