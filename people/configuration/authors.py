"""Let the history name who changed something."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import pghistory
from django.http import HttpRequest, HttpResponse

from people.guards import signed_in

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

COMMAND_LINE = "Command line"


def recorded(view: View[P]) -> View[P]:
    """Let the history name the reader as the author of whatever a page changes (a decorator)."""

    @wraps(view)
    def with_author(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        with pghistory.context(user=signed_in(request).pk):
            return view(request, *args, **kwargs)

    return with_author


def author_id(event: Any) -> int | None:
    """Return the key of the person that an event's context names, or None: a program or the command line."""
    metadata = (event.pgh_context.metadata or {}) if event.pgh_context else {}
    author = metadata.get("user")
    return author if isinstance(author, int) else None
