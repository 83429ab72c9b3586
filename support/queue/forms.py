"""The form by which chosen tickets are given to somebody."""

from __future__ import annotations

from django import forms

from support.routing.forms import GiveForm
from support.routing.services import LONGEST_REASON


class GivePickedForm(GiveForm):
    """Give chosen tickets to somebody, or into the queue of a team."""

    seen = None  # type: ignore[assignment]  # Each chosen ticket says it itself.


class PutBackForm(forms.Form):
    """Put chosen tickets back into the queues of their teams."""

    reason = forms.CharField(label="Why", max_length=LONGEST_REASON)
