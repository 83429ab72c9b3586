"""The forms of saved views and target lists."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest

from accounts.lists.errors import ListRefused
from accounts.lists.files import MOST_BYTES
from accounts.lists.models import LONGEST_NAME, Sharing
from people.functions import Function

LONGEST_PASTE = 200_000


class ViewForm(forms.Form):
    """What a view is called and who sees it."""

    name = forms.CharField(max_length=LONGEST_NAME)
    sharing = forms.ChoiceField(
        label="Who sees it", choices=Sharing.choices, initial=Sharing.ME, widget=forms.RadioSelect
    )
    functions = forms.MultipleChoiceField(
        label="Which functions", choices=Function.choices, required=False, widget=forms.CheckboxSelectMultiple
    )


class ListForm(forms.Form):
    """What a list is called, what it is for, and who sees it."""

    name = forms.CharField(max_length=LONGEST_NAME)
    purpose = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What the accounts on it are worked on for.",
    )
    is_shared = forms.BooleanField(
        label="Everybody sees it",
        required=False,
        initial=True,
        help_text="Sales, marketing and RevOps change a shared list. Conditions can ask about it.",
    )


class PasteForm(forms.Form):
    """Accounts by what people have of them."""

    text = forms.CharField(
        label="Accounts",
        max_length=LONGEST_PASTE,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="One a line: a name, a web domain, a number or a source’s id. A column copied from a sheet will do.",
    )


class FileForm(forms.Form):
    """A file whose rows name accounts."""

    file = forms.FileField(
        label="File",
        help_text="CSV, with any common separator and encoding, or Excel (.xlsx). Up to 10 MB and 100,000 rows.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xlsm"}),
        error_messages={
            "required": "Choose a file.",
            "empty": "The file is empty. Choose one with a heading and rows below it.",
        },
    )

    def clean_file(self) -> Any:
        """Refuse a file over the limit before it is read into memory."""
        file = self.cleaned_data["file"]
        if file.size and file.size > MOST_BYTES:
            raise forms.ValidationError(
                f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it and upload the parts."
            )
        return file


def refuse(form: forms.Form, refused: ListRefused) -> None:
    """Show what a service refused at its field."""
    form.add_error(refused.field if refused.field in form.fields else None, refused.detail)


def number_of(request: HttpRequest, name: str) -> int:
    """Return a number that a form carries, -1 for anything else."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
