"""``GET /api/v1/accounts/{id}/360/``: what the account page shows, under the same access, for programs."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.as_of import show_as_it_was
from accounts.identity.api import urlpatterns as identity_urls
from accounts.lenses import lens_for, lenses
from accounts.lenses.page import Header, View, read_account, read_cards, read_header, read_timeline
from accounts.lenses.plain import plain_data
from people.access import Access, request_access
from people.models import Category
from sync.api.operations import problem_responses
from sync.problems import Problem
from sync.redirects import target_of

FIRST_DAY = date(1970, 1, 1)
LARGEST_ID = 2**63 - 1


class AccountViewEndpoint(APIView):
    """An account as one function sees it."""

    # Not accounts: it shows tickets, usage, contracts and revenue too, as far as the reader's function may see.
    scope = "account-360"

    @extend_schema(
        operation_id="accounts_360",
        tags=["accounts"],
        parameters=[
            OpenApiParameter(
                "lens", str, enum=[lens.key for lens in lenses], description="Default: the reader's own."
            ),
            OpenApiParameter("as_of", date, description="Default: the newest figures."),
        ],
        responses={200: OpenApiTypes.OBJECT, **problem_responses(400, 404)},
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        """Return header, panels and timeline of a lens; what may not be read is named in ``redacted``."""
        access = request_access(request)
        if not access.allows(Category.ACCOUNT_PROFILE):
            raise Problem(403, "forbidden", access.why_not(Category.ACCOUNT_PROFILE))
        unknown = sorted(set(request.query_params) - {"lens", "as_of", "format"})
        if unknown:
            raise Problem(400, "unknown_parameter", f"There is no parameter {unknown[0][:40]!r}.")
        asked = request.query_params.get("lens", "")
        if asked and asked not in lenses:
            known = ", ".join(lens.key for lens in lenses)
            raise Problem(400, "unknown_lens", f"Choose one of the lenses {known}.")
        as_of = _day(request.query_params.get("as_of", ""))
        account = read_account(pk, as_of) if pk <= LARGEST_ID else None
        if account is None and pk <= LARGEST_ID and (target := target_of("accounts", pk)):
            account = read_account(target, as_of)
        if account is None:
            raise Problem(404, "not_found", "There is no such account.")
        if as_of:
            show_as_it_was(account, as_of)
        lens = lens_for(asked, access.function)
        view = View(account=account, lens=lens, access=access, as_of=as_of)
        body = _body(view, read_header(view), access)
        return HttpResponse(msgspec.json.encode(body), content_type="application/json")


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Problem(400, "invalid_as_of", "Write as_of as a day, such as 2026-06-30.") from None
    if not FIRST_DAY <= day <= timezone.now().date():
        raise Problem(400, "invalid_as_of", "as_of must lie between 1970-01-01 and today.")
    return day


def _body(view: View, header: Header, access: Access) -> dict[str, Any]:
    account: Any = view.account
    redacted: dict[str, str] = {}
    figures = {}
    for figure in header.figures:
        if figure.is_redacted:
            redacted[figure.column.key] = figure.value.reason
        else:
            figures[figure.column.key] = plain_data(figure.value, figure.column.key, redacted)
    panels: dict[str, Any] = {}
    failed: dict[str, str] = {}
    for card in read_cards(view, with_lazy=True):
        if card.state == "forbidden":
            redacted[card.key] = card.reason
        elif card.state == "error":
            failed[card.key] = card.error_id
        else:
            panels[card.key] = {"title": card.title, "data": plain_data(card.data, card.key, redacted)}
            if card.provisional:
                panels[card.key]["provisional"] = card.provisional
    timeline = read_timeline(view)
    for hidden in timeline.hidden:
        redacted[f"timeline.{hidden.label}"] = hidden.reason
    return {
        "id": str(account.pk),
        "name": account.name,
        "lifecycle": account.lifecycle,
        "tier": account.tier_slug,
        "lens": view.lens.key,
        "as_of": header.day.isoformat() if header.day else None,
        "figures": figures,
        "provisional": [
            {"key": figure.column.key, "reason": figure.provisional}
            for figure in header.figures
            if figure.provisional
        ],
        "signals": [{"text": chip.text, "category": chip.category} for chip in header.chips],
        "panels": panels,
        "timeline": [
            {
                "happened_at": event.happened_at.isoformat(),
                "kind": event.kind,
                "category": event.category,
                "title": event.title,
            }
            for event in timeline.events
        ],
        "redacted": [{"key": key, "reason": reason} for key, reason in sorted(redacted.items())],
        "failed": [{"key": key, "error_id": error_id} for key, error_id in failed.items()],
    }


urlpatterns = [
    path("accounts/<int:pk>/360/", login_not_required(AccountViewEndpoint.as_view()), name="accounts_360"),
    *identity_urls,
]
