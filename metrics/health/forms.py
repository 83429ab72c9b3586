"""The forms on the page of an account's health: how it is seen, and which two days to compare."""

from __future__ import annotations

from datetime import timedelta

from django import forms

from metrics.engine.plan import today
from metrics.health.sentiment import LONGEST_DAYS, USUAL_DAYS
from metrics.models import Sentiment
from metrics.models.sentiment import REASON_LENGTH


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"})


class SentimentForm(forms.Form):
    """How somebody sees an account, why, and until when."""

    value = forms.TypedChoiceField(
        label="How you see it",
        choices=[("", "Choose"), *reversed(Sentiment.choices)],
        coerce=int,
        error_messages={"required": "Choose one of the five."},
    )
    reason = forms.CharField(
        label="Why",
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Everybody who reads the account’s profile reads it, on the timeline too.",
        error_messages={"required": "Say why, so that others understand it later."},
    )
    expires_on = forms.DateField(
        label="First day without it",
        initial=lambda: today() + timedelta(days=USUAL_DAYS),
        widget=_day(),
        help_text=f"At most {LONGEST_DAYS} days ahead. It ends by itself as that day begins (UTC).",
        error_messages={
            "required": "Choose the day on which it ends.",
            "invalid": "Write a day such as 2027-03-31.",
        },
    )


class ComparisonForm(forms.Form):
    """Two days whose scores are compared; the address holds them."""

    start = forms.DateField(
        label="From", widget=_day(), error_messages={"invalid": "Write a day such as 2026-08-31."}
    )
    end = forms.DateField(
        label="To", widget=_day(), error_messages={"invalid": "Write a day such as 2026-11-20."}
    )
