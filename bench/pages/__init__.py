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

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext, override_settings

from bench.harness import Figure, interleave, percentile
from bench.pages.rows import FIRST, SECOND, load_accounts, load_histories
from bench.sync import scratch_database

ROUNDS = 60
MOST_QUERIES = 12
FLOOR_MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


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
        override_settings(ROOT_URLCONF="bench.pages.floors", ALLOWED_HOSTS=["localhost"], DEBUG=False),
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
    from sync.services import issue_token

    return sign_in_as("revops"), issue_token(source="bench", scopes=["*:read"]).secret


def sign_in_as(function: str) -> str:
    """Return the cookie of a session of somebody of ``function``, who may be there from a run before."""
    from importlib import import_module

    from people.models import User
    from people.services import create_user

    email = f"bench-{function}@example.com"
    user = User.objects.filter(email=email).first() or create_user(
        email=email, name="Bench", function=function, password=None
    )
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
