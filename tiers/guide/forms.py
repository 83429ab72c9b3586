"""The form that makes a link to the tier guide."""

from django import forms

from people.links.services import LONGEST_DAYS, NOTE_LENGTH


class LinkForm(forms.Form):
    """For whom a link is, and how long it works."""

    note = forms.CharField(
        label="For whom",
        max_length=NOTE_LENGTH,
        help_text="Such as a customer's name; only colleagues see it.",
    )
    days = forms.IntegerField(label="Works for, days", min_value=1, max_value=LONGEST_DAYS, initial=30)
