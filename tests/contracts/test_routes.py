"""Every address of the product: who may come in, and what it answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from people.functions import Function
from sync.services import issue_token
from tests.users import client_as

pytestmark = pytest.mark.django_db

# Whoever is not signed in may use these, and each has its reason.
PUBLIC_NAMES = {
    "home",  # the sign-in page to whoever isn't signed in
    "health",  # asked by load balancers
    "theme",  # a cookie of the reader's own browser
    "account_login",
    "account_logout",  # leads to sign-in
    "account_signup",  # says that it is closed
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_email",
    "account_email_verification_sent",
    "account_confirm_login_code",
    "account_reauthenticate",  # leads to sign-in
    "mfa_authenticate",
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
    "socialaccount_signup",
    "openid_connect_login",
    "openid_connect_callback",
    "tiers:shared_guide",  # opens by the secret in the address alone
    "tiers:shared_pdf",
    "finance:calendar_feed",
    "pods:survey_answer",  # opens by the signed token in the address alone
}
# The API has its own authentication and answers 401; its docs describe only what the contract says in public.
PUBLIC_API_NAMES = {"schema", "docs", "api:schema", "api:docs", "oauth-token"}
SAMPLES = {"int": "1", "uuid": "00000000-0000-0000-0000-000000000000"}


@dataclass(frozen=True)
class Route:
    """One address with arguments that name nothing."""

    name: str
    path: str
    has_arguments: bool
    view: Any

    @property
    def is_ours(self) -> bool:
        """Whether the view is code of this house, not of a package."""
        return not self.view.__module__.startswith(("allauth", "health_check", "drf_spectacular", "django."))

    @property
    def is_api(self) -> bool:
        return self.path.startswith(("/api/", "/oauth/", "/ingest/", "/v1/"))


def routes(resolver: URLResolver, prefix: str = "/", space: str = "") -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        path, has_arguments = sample(pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from (
                Route(route.name, route.path, route.has_arguments or has_arguments, route.view)
                for route in routes(pattern, prefix + path, inner)
            )
        else:
            view = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
            yield Route(
                f"{space}{pattern.name or pattern.callback.__name__}",
                prefix + path,
                has_arguments,
                view or pattern.callback,
            )


def sample(pattern: URLPattern | URLResolver) -> tuple[str, bool]:
    """Return the pattern's part of the path, with an argument for each converter."""
    if isinstance(pattern.pattern, RoutePattern):
        path = re.sub(
            r"<(?:(\w+):)?\w+>", lambda found: SAMPLES.get(found[1], "nothing"), str(pattern.pattern)
        )
        return path, bool(pattern.pattern.converters)
    # A regular expression, which allauth alone still uses; its groups hold no groups of their own but one level.
    text = str(pattern.pattern).lstrip("^").rstrip("$")
    path = re.sub(r"\(\?P<\w+>(?:[^()]|\([^()]*\))*\)", "nothing", text)
    return path, path != text


ROUTES = list(routes(get_resolver()))
PAGES = [route for route in ROUTES if not route.is_api]
API = [route for route in ROUTES if route.is_api]
OURS = [route for route in ROUTES if route.is_ours]


def by_name(route: Route) -> str:
    return f"{route.name} {route.path}"


def test_the_walk_finds_the_house() -> None:
    names = {route.name for route in ROUTES}
    assert {"home", "people:access", "sync:batches", "account_login", "health"} <= names
    assert names >= PUBLIC_NAMES, "Take a public name away together with its route."
    assert not [route.path for route in ROUTES if "<" in route.path or "(" in route.path]


@pytest.mark.parametrize("route", PAGES, ids=by_name)
def test_a_page_is_private_unless_listed(route: Route) -> None:
    for method in ("GET", "POST"):
        response = Client().generic(method, route.path)
        leads_to_sign_in = response.status_code == 302 and response["Location"].startswith(
            "/login/login/?next="
        )
        if route.name in PUBLIC_NAMES:
            assert response.status_code < 500
        else:
            assert leads_to_sign_in, f"{method} answers {response.status_code} to anybody"


@pytest.mark.parametrize("route", API, ids=by_name)
def test_the_api_asks_for_a_token(route: Route) -> None:
    for method in ("GET", "PUT", "POST", "DELETE"):
        response = Client().generic(method, route.path, "{}", content_type="application/json")
        if route.name in PUBLIC_API_NAMES or route.name.endswith("not_found"):
            assert response.status_code < 500
        else:
            assert response.status_code == 401, f"{method} answers {response.status_code} to anybody"
            assert response["Content-Type"].startswith("application/problem+json")


@pytest.mark.parametrize("function", Function.values)
def test_every_address_answers_every_function(function: str) -> None:
    client = client_as(function)
    client.raise_request_exception = False
    answers = {
        route.path: client.get(route.path).status_code for route in ROUTES if route.name != "account_logout"
    }
    assert {path: status for path, status in answers.items() if status >= 500 and path != "/health/"} == {}


@pytest.mark.parametrize("route", OURS, ids=by_name)
def test_an_unknown_method_is_refused(route: Route) -> None:
    headers = {}
    client = Client() if route.is_api else client_as("revops")
    if route.is_api:
        issued = issue_token(source="crm", scopes=["*:read", "*:write", "metrics:read"])
        headers = {"Authorization": f"Bearer {issued.secret}"}
    answer = client.generic("BREW", route.path, headers=headers).status_code
    assert answer == (404 if route.name.endswith("not_found") else 405)


@pytest.mark.parametrize("route", [route for route in OURS if not route.is_api], ids=by_name)
def test_a_form_of_another_site_is_refused(route: Route) -> None:
    client = client_as("revops")
    client.handler.enforce_csrf_checks = True
    assert client.post(route.path).status_code in (403, 405)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.has_arguments], ids=by_name)
def test_no_argument_breaks_an_address(route: Route) -> None:
    client = client_as("revops")
    client.raise_request_exception = False
    for argument in ("%00", "9" * 40, "..%2F..%2Fetc", "'%22<x>"):
        path = route.path.replace("nothing", argument).replace("/1/", f"/{argument}/")
        assert client.get(path).status_code < 500, path
