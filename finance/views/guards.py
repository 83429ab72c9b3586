"""Who writes what of contracts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from people.access import request_access, require
from people.functions import Function
from people.models import Category

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

WRITERS = (Function.FINANCE, Function.LEGAL)


def writes_contracts(request: HttpRequest) -> bool:
    """Return whether the reader amends contracts and keeps their obligations."""
    may_read = request_access(request).allows(Category.CONTRACTS)
    return may_read and getattr(request.user, "function", "") in WRITERS


def contract_writers(view: View[P]) -> View[P]:
    """Refuse a page to all but finance and legal."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        require(request_access(request), Category.CONTRACTS)
        if not writes_contracts(request):
            raise PermissionDenied(
                "Finance and legal amend contracts and keep their obligations. Ask one of them."
            )
        return view(request, *args, **kwargs)

    return guarded
