"""Who sees these pages, and who decides on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from people.access import request_access, require
from people.functions import Function
from people.guards import whom_to_ask
from people.models import Category

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

READERS = (Function.REVOPS, Function.SALES, Function.CUSTOMER_SUCCESS)
LARGEST_ID = 2**63 - 1


def sees_duplicates(request: HttpRequest) -> bool:
    """Return whether the reader's function works with these pages."""
    return getattr(request.user, "function", "") in READERS


def identity_page(view: View[P]) -> View[P]:
    """Refuse a page to functions that don't look after which account is which."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not sees_duplicates(request):
            raise PermissionDenied(f"Duplicates are for RevOps, sales and customer success. {whom_to_ask()}")
        require(request_access(request), Category.ACCOUNT_PROFILE)
        return view(request, *args, **kwargs)

    return guarded
