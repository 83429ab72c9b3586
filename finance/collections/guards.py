"""Who may write in collections: finance, and for the policy RevOps too."""

from __future__ import annotations

from collections.abc import Callable, Collection
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

COLLECTORS = (Function.FINANCE,)
POLICY_MAKERS = (Function.FINANCE, Function.REVOPS)


def for_readers(view: View[P]) -> View[P]:
    """Refuse a page to whoever doesn't read financial health."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        require(request_access(request), Category.FINANCIAL_HEALTH)
        return view(request, *args, **kwargs)

    return guarded


def only(functions: Collection[Function], what: str) -> Callable[[View[P]], View[P]]:
    """Refuse a page to all but some functions; ``what`` completes “… is for Finance”."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            require(request_access(request), Category.FINANCIAL_HEALTH)
            if not is_of(request, functions):
                named = " and ".join(str(function.label) for function in functions)
                raise PermissionDenied(f"{what} is for {named}.")
            return view(request, *args, **kwargs)

        return guarded

    return guard


def is_of(request: HttpRequest, functions: Collection[Function]) -> bool:
    """Return whether the reader works in one of these functions."""
    return signed_in(request).function in functions
