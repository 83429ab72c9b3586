"""Pages that open by a secret link, and what is said of links on pages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from common.export import Table, table_of
from common.rates import add_rate_headers, count_call
from people.links.models import SecretLink
from people.links.services import use_link

L = TypeVar("L", bound=SecretLink)
P = ParamSpec("P")
Opened = Callable[[HttpRequest, L], HttpResponse]
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

BUSY = "Too many calls. Try again in a minute."


def for_anybody(
    *, kept: str = "private, no-store", referrer: str = "no-referrer"
) -> Callable[[View[P]], View[P]]:
    """Open a view without a login, so many times a minute from one address (a decorator).

    Nothing is indexed; ``kept`` is the ``Cache-Control``, ``referrer`` what the next page is told of this one.
    """

    def guard(view: View[P]) -> View[P]:
        @login_not_required
        @wraps(view)
        def opened(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            caller = hashlib.sha256(request.META.get("REMOTE_ADDR", "").encode()).hexdigest()[:32]
            rate = count_call(f"link:{caller}", settings.LINK_RATE)
            if rate is not None and rate.is_exceeded:
                answer = HttpResponse(BUSY, status=429, content_type="text/plain; charset=utf-8")
                answer["Retry-After"] = str(rate.reset)
            else:
                answer = view(request, *args, **kwargs)
            add_rate_headers(answer, rate)
            answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
            answer["Cache-Control"] = kept
            answer["Referrer-Policy"] = referrer
            return answer

        return opened

    return guard


def by_link(
    model: type[L], refuse: Callable[[HttpRequest], HttpResponse], *, kept: str = "private, no-store"
) -> Callable[[Opened[L]], Callable[..., HttpResponse]]:
    """Open a view to whoever has the secret of a link, as ``for_anybody`` (a decorator).

    ``refuse`` answers whatever is wrong with a secret, the same for unknown, expired and revoked ones, so that
    nobody learns which ones ever were.
    """

    def guard(view: Opened[L]) -> Callable[..., HttpResponse]:
        @for_anybody(kept=kept)
        @require_safe
        @wraps(view)
        def opened(request: HttpRequest, secret: str) -> HttpResponse:
            link = use_link(model, secret=secret)
            return refuse(request) if link is None else view(request, link)

        return opened

    return guard


def links_table(name: str, links: Sequence[SecretLink]) -> Table:
    """Return links as a file."""
    return table_of(
        name,
        links,
        [
            ("note", "For whom", lambda link: link.note),
            ("prefix", "Begins with", lambda link: link.prefix),
            ("created_at", "Made", lambda link: link.created_at),
            ("created_by", "By", lambda link: str(link.created_by)),
            ("expires_at", "Until", lambda link: link.expires_at),
            ("revoked_at", "Revoked", lambda link: link.revoked_at),
            ("last_used_at", "Last opened", lambda link: link.last_used_at),
            ("uses", "Times", lambda link: link.uses),
        ],
    )
