"""The floors: what a minimal Django view over the same rows does; and the addresses of both."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.urls import include, path

FLOOR_LIST = """<!doctype html><html lang="en"><title>Accounts</title><table>{% for row in rows %}<tr>
<td><a href="/accounts/{{ row.pk }}/">{{ row.name }}</a></td><td>{{ row.standing.tier.label }}</td>
<td>{{ row.standing.health }}</td><td>{{ row.standing.health_change }}</td><td>{{ row.standing.arr }}</td>
<td>{{ row.standing.nrr }}</td><td>{{ row.standing.renewal_on }}</td><td>{{ row.lifecycle }}</td>
<td>{{ row.owner_email }}</td></tr>{% endfor %}</table>
<a href="?arr={{ last.standing.arr }}&id={{ last.pk }}">Next</a>"""
FLOOR_ACCOUNT = """<!doctype html><html lang="en"><title>{{ account.name }}</title><h1>{{ account.name }}</h1>
<p>{{ account.standing.arr }} {{ account.standing.health }}</p><ul>{% for ticket in tickets %}<li>{{ ticket.subject }}
{{ ticket.opened_at }}</li>{% endfor %}</ul>
<ul>{% for contact in contacts %}<li>{{ contact.name }}</li>{% endfor %}</ul>"""

FLOOR_SCOREBOARD = """<!doctype html><html lang="en"><title>Scoreboard</title><table>{% for row in rows %}<tr>
<td>{{ row.key }}</td><td>{{ row.as_of }}</td><td>{{ row.value }}</td></tr>{% endfor %}</table>"""


def floor_list(request: HttpRequest) -> HttpResponse:
    """A keyset page of 50 rows with a session."""
    from accounts.models import Account

    assert request.user.is_authenticated
    rows = Account.objects.filter(deleted_at=None, standing__arr__isnull=False)
    if "arr" in request.GET:
        arr, pk = Decimal(request.GET["arr"]), int(request.GET["id"])
        rows = rows.filter(standing__arr__lte=arr).filter(Q(standing__arr__lt=arr) | Q(pk__lt=pk))
    rows = rows.select_related("standing__tier").order_by(
        F("standing__arr").desc(nulls_last=True), F("standing__account_id").desc()
    )
    page = list(rows[:50])
    return HttpResponse(_templates()["list"].render({"rows": page, "last": page[-1]}))


def floor_account(request: HttpRequest, pk: int) -> HttpResponse:
    """A page of three queries: the account, its tickets, its contacts."""
    from accounts.models import Account, Contact
    from support.models import Ticket

    assert request.user.is_authenticated
    context = {
        "account": Account.objects.select_related("standing").get(pk=pk),
        "tickets": list(Ticket.objects.filter(account=pk).order_by("-opened_at")[:10]),
        "contacts": list(Contact.objects.filter(account=pk)[:10]),
    }
    return HttpResponse(_templates()["account"].render(context))


def floor_scoreboard(request: HttpRequest) -> HttpResponse:
    """The newest values of all segment numbers and their year, as a table: one query."""
    from metrics.models import SegmentValue

    assert request.user.is_authenticated
    rows = SegmentValue.objects.filter(dimension="all", as_of__gt=request.GET["since"]).order_by(
        "key", "as_of"
    )
    return HttpResponse(_templates()["scoreboard"].render({"rows": rows}))


def floor_search(request: HttpRequest) -> HttpResponse:
    """The two trigram queries, and their rows as they come."""
    from accounts.models import Account, Contact

    assert request.user.is_authenticated
    words = request.GET["q"]
    accounts = Account.objects.filter(deleted_at=None, name__icontains=words).order_by(Upper("name"), "pk")
    contacts = Contact.objects.filter(deleted_at=None, account__deleted_at=None, name__icontains=words)
    return JsonResponse(
        {
            "accounts": list(accounts.values_list("pk", "name")[:20]),
            "contacts": list(contacts.order_by(Upper("name"), "pk").values_list("pk", "name")[:20]),
        }
    )


def floor_rest(request: HttpRequest) -> HttpResponse:
    """A bare cursor page of 100 accounts as JSON, for a token looked up by its hash."""
    from accounts.models import Account
    from sync.authentication import digest_of
    from sync.models import ApiToken

    secret = request.headers["Authorization"].removeprefix("Bearer ")
    assert ApiToken.objects.filter(digest=digest_of(secret), revoked_at=None).exists()
    rows = list(
        Account.objects.filter(pk__gt=int(request.GET.get("cursor") or 0)).order_by("pk").values()[:100]
    )
    return JsonResponse({"results": rows, "next_cursor": rows[-1]["id"]})


urlpatterns = [
    path("floor/list/", floor_list),
    path("floor/accounts/<int:pk>/", floor_account),
    path("floor/search/", floor_search),
    path("floor/scoreboard/", floor_scoreboard),
    path("floor/rest/", login_not_required(floor_rest)),
    path("", include("abe.urls")),
]

_compiled: dict[str, Any] = {}


def _templates() -> dict[str, Any]:
    if not _compiled:
        engine = engines["django"]
        _compiled.update(
            list=engine.from_string(FLOOR_LIST),
            account=engine.from_string(FLOOR_ACCOUNT),
            scoreboard=engine.from_string(FLOOR_SCOREBOARD),
        )
    return _compiled
