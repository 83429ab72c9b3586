"""The form that takes a file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug

from sync.files.services import MOST_BYTES, too_large
from sync.models import OWN_SLUG, Source
from sync.registry import resources


class UploadForm(forms.Form):
    """What a file holds, from which system it comes, and the file."""

    resource = forms.ChoiceField(
        label="What it holds",
        choices=lambda: [(item.key, item.key.replace("-", " ").capitalize()) for item in resources],
    )
    source = forms.CharField(
        max_length=64,
        help_text="The system that the rows come from, as a slug. External ids are its own. A new one is added.",
        widget=forms.TextInput(
            attrs={"list": "import-sources", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    file = forms.FileField(
        label="File",
        help_text="CSV, with any common separator and encoding, or Excel (.xlsx). Up to 100 MB and 1,000,000 rows.",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xlsm"}),
        error_messages={
            "required": "Choose a file.",
            "empty": "The file is empty. Choose one with a heading and rows below it.",
        },
    )

    def clean_source(self) -> str:
        """Take the slug as typed but for its case."""
        source: str = self.cleaned_data["source"].strip().lower()
        try:
            validate_slug(source)
        except ValidationError:
            raise ValidationError("A source is a slug: letters, digits, hyphens.") from None
        return source

    def clean_file(self) -> Any:
        """Refuse a file over the limit before it is kept."""
        file = self.cleaned_data["file"]
        if file.size and file.size > MOST_BYTES:
            raise ValidationError(too_large())
        return file

    def known_sources(self) -> list[str]:
        """Return the slugs that are known already."""
        return list(Source.objects.exclude(slug=OWN_SLUG).order_by("slug").values_list("slug", flat=True))

    def add_errors(self, error: ValidationError) -> None:
        """Put what the service refused beside the fields it named."""
        for name, errors in error.error_dict.items():
            self.add_error(name if name in self.fields else None, errors)
