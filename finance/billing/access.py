"""Who reads invoices and who makes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from people.access import request_access, require
from people.functions import Function
from people.guards import signed_in
from people.models import Category

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def readers_of_invoices(view: View[P]) -> View[P]:
    """Refuse a page to functions that don't read financial health, with the reason."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        require(request_access(request), Category.FINANCIAL_HEALTH)
        return view(request, *args, **kwargs)

    return guarded


def finance_only(view: View[P]) -> View[P]:
    """Refuse to all but finance what makes or changes invoices."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not makes_invoices(request):
            raise PermissionDenied("Making and changing invoices is for finance. Ask a colleague there.")
        return view(request, *args, **kwargs)

    return readers_of_invoices(guarded)


def makes_invoices(request: HttpRequest) -> bool:
    """Return whether the reader works in finance."""
    return signed_in(request).function == Function.FINANCE
