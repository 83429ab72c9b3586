"""Keep a page to the functions that work with it, and tell the others whom to ask."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from people.functions import Function
from people.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

NAMED_AT_MOST = 3


def revops_only(what: str) -> Callable[[View[P]], View[P]]:
    """Refuse a page to all but RevOps; ``what`` completes “… is for RevOps”."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not is_revops(request):
                raise PermissionDenied(f"{what} is for RevOps. {whom_to_ask()}")
            return view(request, *args, **kwargs)

        return guarded

    return guard


def signed_in(request: HttpRequest) -> User:
    """Return the reader; LoginRequiredMiddleware lets nobody else in."""
    return cast(User, request.user)


def is_revops(request: HttpRequest) -> bool:
    """Return whether the reader works in RevOps."""
    return getattr(request.user, "function", "") == Function.REVOPS


def whom_to_ask() -> str:
    """Return a sentence that names people of RevOps."""
    revops = User.objects.filter(function=Function.REVOPS, is_active=True)
    names = [f"{user} ({user.email})" for user in revops.order_by("name", "pk")[:NAMED_AT_MOST]]
    if not names:
        return "Ask whoever runs this installation."
    listed = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
    return f"If your work needs it, ask {listed}."
