"""The form of an answer: what is written, for whom, and where the ticket stands then."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from support.models import EventKind, Priority, Status, Ticket
from support.models.tickets import LONGEST_BODY
from support.replies.services import SETTABLE, Answer

LARGEST_ID = 2**63 - 1
WHO_READS = (
    (EventKind.AGENT_REPLY, "Reply to the customer"),
    (EventKind.NOTE, "Internal note"),
)


class AnswerForm(forms.Form):
    """An answer on one ticket; who only leaves notes gets the text alone."""

    kind = forms.ChoiceField(label="Who reads it", choices=WHO_READS, widget=forms.RadioSelect)
    body = forms.CharField(
        label="Text",
        required=False,
        max_length=LONGEST_BODY,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    status = forms.ChoiceField(label="Status", choices=())
    priority = forms.ChoiceField(label="Priority", choices=Priority.choices)
    key = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=LARGEST_ID)
    seen_status = forms.ChoiceField(widget=forms.HiddenInput, choices=Status.choices)
    seen_priority = forms.ChoiceField(widget=forms.HiddenInput, choices=Priority.choices)

    def __init__(self, data: QueryDict | None, *, ticket: Ticket, seen: int, is_note_only: bool) -> None:
        """Begin empty, or with what was sent; ``seen`` is the newest event that the page shows."""
        initial = {
            "kind": EventKind.NOTE if is_note_only else EventKind.AGENT_REPLY,
            "status": ticket.status,
            "priority": ticket.priority,
            "key": uuid4(),
            "seen": seen,
            "seen_status": ticket.status,
            "seen_priority": ticket.priority,
        }
        super().__init__(data, initial=initial)
        self.is_note_only = is_note_only
        status = self.fields["status"]
        assert isinstance(status, forms.ChoiceField)
        was = {ticket.status, data.get("seen_status", "") if data is not None else ""}
        status.choices = [(one.value, one.label) for one in Status if one in SETTABLE or one.value in was]
        if is_note_only:
            for name in ("status", "priority"):
                self.fields[name].widget = forms.HiddenInput()
            self.fields["kind"].widget = forms.HiddenInput()

    def answer(self) -> Answer:
        """Return what was sent; call it on a form that is valid."""
        return Answer(**self.cleaned_data)

    def is_spoilt(self) -> bool:
        """Return whether what the page itself put into the form came back as something else."""
        return any(field.errors for field in self.hidden_fields())

    def look_again(self, ticket: Ticket, seen: int) -> None:
        """Keep all that was typed, with the errors, as from a page that shows the ticket as it is now.

        A field that was left as it was follows the ticket. The key is another one: nothing was recorded under it, or
        something else.
        """
        assert isinstance(self.data, QueryDict)
        data = self.data.copy()
        data["key"], data["seen"] = str(uuid4()), str(seen)
        for name, now in (("status", ticket.status), ("priority", ticket.priority)):
            if data.get(name) == data.get(f"seen_{name}"):
                data[name] = now
            data[f"seen_{name}"] = now
        self.data = data

    def add_errors(self, error: ValidationError) -> None:
        """Put what the service refused beside the fields it named."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error)
            return
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)


def words_of(kinds: Iterable[str]) -> str:
    """Return what was recorded, in words for the message."""
    words = {
        EventKind.AGENT_REPLY: "your reply",
        EventKind.NOTE: "your note",
        EventKind.STATUS: "the status",
        EventKind.PRIORITY: "the priority",
    }
    said = [words[EventKind(kind)] for kind in kinds]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
