"""What the pages of all kinds of runs do alike."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from metrics.runs.models import Run
from metrics.runs.services import cancel_run
from people.guards import signed_in


def cancel_asked(request: HttpRequest, run: Run) -> None:
    """Stop a run for whoever asks; where it is too late, a message says so."""
    try:
        cancel_run(run, by=signed_in(request))
    except ValidationError as error:
        messages.info(request, " ".join(error.messages))
