"""How a draft begins: for whom it is, and with what."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.models import Tier
from metrics.health.choosing import default_draft, library
from metrics.health.content import ComponentDraft, Content
from metrics.health.services import LONGEST_SEGMENT

EVERY, OF_TIER, OF_SEGMENT = "every", "tier", "segment"
SCOPES = (
    (EVERY, "All accounts that no other model scores"),
    (OF_TIER, "The accounts of one tier"),
    (OF_SEGMENT, "A segment of its own"),
)
BEGIN, EMPTY = "copy", "empty"
CONTENTS = (
    (BEGIN, "The model in force: of the same accounts, or else of all"),
    (EMPTY, "One component, to build on"),
)


class StartForm(forms.Form):
    """For whom a draft is."""

    scope = forms.ChoiceField(label="For", choices=SCOPES, widget=forms.RadioSelect, initial=EVERY)
    tier = forms.ModelChoiceField(
        label="Tier",
        queryset=Tier.objects.order_by("rank"),
        to_field_name="slug",
        required=False,
        empty_label="Choose",
    )
    segment = forms.CharField(
        label="Name of the segment",
        max_length=LONGEST_SEGMENT,
        required=False,
        help_text="As people should read it, such as “New customers”. Who is in it, you say next.",
    )
    begin = forms.ChoiceField(label="Begin with", choices=CONTENTS, widget=forms.RadioSelect, initial=BEGIN)

    def clean(self) -> dict[str, Any]:
        """Ask for what the chosen scope needs, and leave out what belongs to another."""
        held: dict[str, Any] = super().clean() or {}
        scope = held.get("scope")
        if scope == OF_TIER and not held.get("tier") and "tier" not in self.errors:
            self.add_error("tier", "Choose the tier whose accounts it is for.")
        if scope == OF_SEGMENT and not held.get("segment") and "segment" not in self.errors:
            self.add_error("segment", "Give the segment a name.")
        if scope != OF_TIER:
            held["tier"] = None
        if scope != OF_SEGMENT:
            held["segment"] = ""
        return held

    @property
    def content(self) -> Content | None:
        """What the draft begins with; None for the model in force. Only of a form that is valid."""
        if self.cleaned_data["begin"] == BEGIN:
            return None
        first: ComponentDraft = default_draft(next(iter(library())))
        return Content(components=(first,))
