"""Lead readers of a merged account to the one that it is part of now."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.models import Account
from common.htmx import wants_partial
from sync.redirects import target_of

View = Callable[..., HttpResponse]


def follow_merges(view: View) -> View:
    """Answer with a redirect where the account in the address was merged into another.

    The address is the same but for the account, so lens and day stay. It is a temporary one: a merge can be
    taken back.
    """

    @wraps(view)
    def following(request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, pk, **kwargs)
        except Http404:
            target = target_of("accounts", pk) if pk < 2**63 else None
            if target is None or request.resolver_match is None:
                raise
        names = dict(Account.objects.filter(pk__in=[pk, target]).values_list("pk", "name"))
        if not wants_partial(request):
            messages.info(
                request, f"{names[pk]} ({pk}) was merged into {names[target]}, which is shown here."
            )
        url = reverse(request.resolver_match.view_name, kwargs={**kwargs, "pk": target})
        query = request.META.get("QUERY_STRING", "")
        return redirect(f"{url}?{query}" if query else url)

    return following
