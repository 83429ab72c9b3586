"""Forms of channels and of what people are told; the services decide what is valid."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from people.forms import time_zone_choices
from people.functions import Function
from people.models import NoticeChannel
from people.notices.preferences import WEEKDAYS
from people.notices.topics import channel_topics

DAYS = list(enumerate(WEEKDAYS))


class ChannelForm(forms.Form):
    """Where to write, of what, and with whose eyes."""

    name = forms.CharField(max_length=150, help_text="As people know it, such as #revenue.")
    url = forms.CharField(
        label="Address of the webhook",
        required=False,
        max_length=2000,
        error_messages={"required": "Paste the address of the webhook, which Slack shows once it is added."},
        help_text="In Slack: Apps, Incoming Webhooks, Add to a channel. Whoever has it may write there, so it is "
        "sealed and never shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    function = forms.ChoiceField(
        label="Reads as",
        choices=[("", "Choose a function"), *Function.choices],
        help_text="What this function may not see is left out. Choose one that everybody in the channel may read as.",
    )
    topics = forms.MultipleChoiceField(
        choices=lambda: [(topic.key, topic.label) for topic in channel_topics()],
        widget=forms.CheckboxSelectMultiple,
    )
    weekday = forms.TypedChoiceField(
        choices=DAYS, coerce=int, label="Weekly on", help_text="At seven in the morning of its time zone."
    )
    time_zone = forms.ChoiceField(choices=time_zone_choices)

    def __init__(self, *args: Any, channel: NoticeChannel | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if channel is None:
            self.fields["url"].required = True
        else:
            self.fields["url"].help_text = f"Leave it empty to keep the one at {channel.host}."

    def add_errors(self, error: ValidationError) -> None:
        """Put what the service refused beside the fields it named."""
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)
