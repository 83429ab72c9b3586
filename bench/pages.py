"""Pages at 100,000 accounts against minimal Django views over the same rows, in the same process and run.

The floors stand behind Django's own session and sign-in middleware only; our pages behind all of ours, with the
frame, the navigation and the access policy. Both are called through Django's handler with a signed-in session, in
turn, with other parameters each time.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.decorators import login_not_required
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import include, path

from bench.harness import Figure, interleave, percentile
from bench.sync import scratch_database

ACCOUNTS = 100_000
BATCH = 10_000
RICH = 40  # accounts with a full history, over which the account pages are drawn
ROUNDS = 60
MOST_QUERIES = 12
FLOOR_MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
FIRST = (
    "North",
    "Harbour",
    "Silver",
    "Amber",
    "Craig",
    "Ferro",
    "Juniper",
    "Moss",
    "Thorn",
    "Alder",
    "Bright",
    "Stone",
)
SECOND = (
    "wind",
    "gate",
    "field",
    "brook",
    "haven",
    "lea",
    "mont",
    "worth",
    "combe",
    "stead",
    "view",
    "ridge",
)
THIRD = ("Energy", "Foods", "Labs", "Logistics", "Media", "Systems", "Trading", "Works", "Pharma", "Retail")

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
    path("floor/rest/", login_not_required(floor_rest)),
    path("", include("abe.urls")),
]

_compiled: dict[str, Any] = {}


def _templates() -> dict[str, Any]:
    if not _compiled:
        engine = engines["django"]
        _compiled.update(list=engine.from_string(FLOOR_LIST), account=engine.from_string(FLOOR_ACCOUNT))
    return _compiled


class Site:
    """Django's handler with one set of middleware, called without a server."""

    def __init__(self, cookie: str, headers: dict[str, str]) -> None:
        self.handler = WSGIHandler()
        self.cookie = cookie
        self.headers = headers

    def get(self, url: str) -> bytes:
        """Return the body of a page; anything but 200 is an error."""
        route, _, query = url.partition("?")
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": route,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.input": io.BytesIO(),
            "wsgi.url_scheme": "http",
            "HTTP_COOKIE": self.cookie,
            **self.headers,
        }
        status: list[str] = []
        response = self.handler(environ, lambda line, *_: status.append(line))
        body = b"".join(response)
        response.close()
        assert status[0].startswith("200"), f"{url}: {status[0]} {body[:300]!r}"
        return body


def run() -> Iterator[Figure]:
    """Measure list, account page by lens, search and the REST list."""
    with (
        scratch_database(),
        override_settings(ROOT_URLCONF="bench.pages", ALLOWED_HOSTS=["localhost"], DEBUG=False),
    ):
        load_accounts()
        rich = load_histories()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        cookie, secret = sign_in()
        headers = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
        ours = Site(cookie, {})
        with override_settings(MIDDLEWARE=FLOOR_MIDDLEWARE):
            floor = Site(cookie, {})
            floor_api = Site("", headers)
        api = Site("", headers)
        chance = random.Random(7)
        yield from list_figures(ours, floor)
        yield from account_figures(ours, floor, rich)
        words = [f"{a}{b}"[2:-1].lower() for a in FIRST for b in SECOND]
        chance.shuffle(words)
        yield ratio(
            "pages.search", 3, ours, floor, [(f"/search/?q={w}", f"/floor/search/?q={w}") for w in words]
        )
        yield ratio("pages.rest_list", 2, api, floor_api, rest_urls(api))


def ratio(name: str, at_most: float, ours: Site, floor: Site, urls: Sequence[tuple[str, str]]) -> Figure:
    """Return the p95 of our addresses against that of the floors', visited in turn."""
    turn = iter(urls * (2 * (ROUNDS + 3) // len(urls) + 2))
    pair: list[tuple[str, str]] = []

    def mine() -> object:
        pair[:] = [next(turn)]
        return ours.get(pair[0][0])

    times = interleave([mine, lambda: floor.get(pair[0][1])], ROUNDS, warm_up=3)
    page, bare = (percentile(slot, 95) for slot in times)
    return Figure(
        name, page / bare, at_most=at_most, note=f"p95 {page * 1000:.1f} ms, floor {bare * 1000:.1f} ms"
    )


def list_figures(ours: Site, floor: Site) -> Iterator[Figure]:
    """Measure pages all over the list in its default order."""
    from accounts.lenses import columns
    from accounts.listing.keyset import Cursor
    from accounts.models import Standing

    arr = Standing.objects.filter(arr__isnull=False).order_by(F("arr").desc(), "-account_id")
    places = [arr[number * 1777].pk for number in range(30)]
    held = {row.pk: row.arr for row in Standing.objects.filter(pk__in=places)}
    assert "finance.arr" in columns
    urls = [
        (f"/accounts/?after={Cursor(held[pk], pk).encode()}", f"/floor/list/?arr={held[pk]}&id={pk}")
        for pk in places
    ]
    yield ratio("pages.list", 2.5, ours, floor, urls)


def account_figures(ours: Site, floor: Site, rich: Sequence[int]) -> Iterator[Figure]:
    """Measure each lens over accounts with a history, and count its queries."""
    from accounts.lenses import ordered_lenses

    for lens in ordered_lenses():
        urls = [(f"/accounts/{pk}/?lens={lens.key}", f"/floor/accounts/{pk}/") for pk in rich]
        yield ratio(f"pages.account_{lens.key}", 8, ours, floor, urls)
        with CaptureQueriesContext(connection) as caught:
            ours.get(urls[0][0])
        beside = ('WHERE "people_user"."id" = ', "people_accessgrant", "django_session")
        own = [query for query in caught.captured_queries if not any(mark in query["sql"] for mark in beside)]
        yield Figure(
            f"pages.account_{lens.key}_queries",
            len(own),
            at_most=MOST_QUERIES,
            note="beside session and user",
        )


def rest_urls(api: Site) -> list[tuple[str, str]]:
    """Walk into the feed and return each page's address with the floor's."""
    found, url, place = [], "/api/v1/accounts/?page_size=100", ""
    for number in range(30):
        found.append((f"{url}{place}", f"/floor/rest/?cursor={number * 100}"))
        place = f"&cursor={json.loads(api.get(f'{url}{place}'))['next_cursor']}"
    return found


def sign_in() -> tuple[str, str]:
    """Return the cookie of a session and the secret of a token, both of RevOps."""
    from importlib import import_module

    from people.services import create_user
    from sync.services import issue_token

    user = create_user(email="bench@example.com", name="Bench", function="revops", password=None)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    secret = issue_token(source="bench", scopes=["*:read"]).secret
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}", secret


def load_accounts() -> None:
    """Bring the accounts in through the pipeline, then give each a standing and a contact."""
    from sync.models import Source
    from sync.pipeline.decode import decode_body
    from sync.pipeline.run import run_batch
    from sync.registry import resources

    source = Source.objects.create(slug="bench", name="Bench")
    chance = random.Random(1)

    def name(number: int) -> str:
        return f"{chance.choice(FIRST)}{chance.choice(SECOND)} {chance.choice(THIRD)} {number}"

    for start in range(0, ACCOUNTS, BATCH):
        body = json.dumps(
            [
                {
                    "external_id": f"A{number}",
                    "name": name(number),
                    "domain": f"a{number}.example",
                    "industry": chance.choice(THIRD),
                    "country": chance.choice(("DE", "US", "GB", "FR")),
                    "employees": chance.randint(5, 90_000),
                    "lifecycle": "customer",
                    "owner_email": f"owner{number % 40}@example.com",
                }
                for number in range(start, start + BATCH)
            ]
        ).encode()
        resource = resources["accounts"]
        run_batch(resource=resource, source=source, decoded=decode_body(body, resource, lines=False))
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_standing")  # intake leaves a blank one for each account
        cursor.execute(STANDINGS)
        cursor.execute(CONTACTS)


STANDINGS = """
INSERT INTO accounts_standing (account_id, tier_id, mrr, arr, nrr, health, health_band, health_change, renewal_on,
    open_tickets, usage_events, usage_trend, last_touch_on, as_of, updated_at)
SELECT id, (SELECT min(id) FROM accounts_tier) + id % 4, 1000, round((random() * 900000)::numeric, 2), random(),
    round((random() * 100)::numeric, 1), 'amber', round((random() * 40 - 20)::numeric, 1),
    current_date + (id % 400)::int, id % 9, id % 5000, random(), current_date - (id % 90)::int, current_date, now()
FROM accounts_account
"""
CONTACTS = """
INSERT INTO accounts_contact (account_id, name, email, phone, title, role, is_active, custom)
SELECT id, 'Person of ' || name, '', '', 'Buyer', 'champion', true, '{}' FROM accounts_account
"""


def load_histories() -> list[int]:
    """Give some accounts a year of everything; return their ids."""
    from accounts.models import Account, TimelineEvent
    from engagement.models import Engagement
    from finance.models import Contract, ContractLine, MonthlyRevenue
    from product.models import UsageFeatureDay, UsageUserDay
    from support.models import Ticket

    now = datetime.now(UTC)
    today = now.date()
    chosen = list(Account.objects.order_by("pk").values_list("pk", flat=True)[: ACCOUNTS : ACCOUNTS // RICH])
    for pk in chosen:
        contract = Contract.objects.create(
            account_id=pk,
            number=f"C{pk}",
            start_on=today - timedelta(days=500),
            end_on=today + timedelta(days=60),
            currency="USD",
        )
        ContractLine.objects.bulk_create(
            ContractLine(
                contract=contract,
                product=f"Product {n}",
                start_on=contract.start_on,
                amount=1000 + n,
                billing_period="month",
            )
            for n in range(8)
        )
        month, rows = today.replace(day=1), []
        for n in range(30):
            rows.append(MonthlyRevenue(account_id=pk, month=month, currency="USD", arr=90_000 - 500 * n))
            month = (month - timedelta(days=1)).replace(day=1)
        MonthlyRevenue.objects.bulk_create(rows)
        Ticket.objects.bulk_create(
            Ticket(
                account_id=pk,
                subject=f"Question {n}",
                opened_at=now - timedelta(days=2 * n + 2),
                first_replied_at=now - timedelta(days=2 * n + 1),
                solved_at=None if n % 5 == 0 else now - timedelta(days=2 * n),
                product_area=f"Area {n % 5}",
            )
            for n in range(60)
        )
        UsageUserDay.objects.bulk_create(
            UsageUserDay(account_id=pk, day=today - timedelta(days=d), user=f"u{u}", events=9)
            for d in range(180)
            for u in range(6)
        )
        UsageFeatureDay.objects.bulk_create(
            UsageFeatureDay(account_id=pk, day=today - timedelta(days=d), feature=f"Feature {f}", events=9)
            for d in range(90)
            for f in range(8)
        )
        Engagement.objects.bulk_create(
            Engagement(account_id=pk, kind="call", occurred_at=now - timedelta(days=3 * n), subject="Call")
            for n in range(40)
        )
        TimelineEvent.objects.bulk_create(
            TimelineEvent(
                account_id=pk,
                kind="bench.event",
                category="support_history",
                happened_at=now - timedelta(days=n),
                title=f"Event {n}",
                subject_id=pk * 1000 + n,
            )
            for n in range(200)
        )
    return chosen
