from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from django_htmx.middleware import HtmxDetails

from common.asof import requested_as_of
from common.htmx import render_page
from common.shell import Shell, set_theme


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "0001-01-01", "2026-01-01\x00", "9999-12-31"]
)
def test_a_day_that_is_no_day_of_ours_shows_the_newest_figures(text):
    assert requested_as_of(RequestFactory().get("/", {"as_of": text})) is None


def test_a_past_day_and_today_are_read():
    today = timezone.localdate()
    assert requested_as_of(RequestFactory().get("/", {"as_of": "2025-02-28"})) == date(2025, 2, 28)
    assert requested_as_of(RequestFactory().get("/", {"as_of": today.isoformat()})) == today
    tomorrow = today + timedelta(days=2)
    assert requested_as_of(RequestFactory().get("/", {"as_of": tomorrow.isoformat()})) is None


def test_the_as_of_form_keeps_the_view_but_not_the_place_in_the_list():
    request = RequestFactory().get("/?tier=a&tier=b&sort=-arr&after=99&as_of=2026-01-01")
    assert Shell(request).kept_params == [("tier", "a"), ("tier", "b"), ("sort", "-arr")]


def test_the_theme_comes_from_the_cookie_and_nothing_else():
    request = RequestFactory().get("/?theme=dark")
    assert Shell(request).theme == "system"
    request.COOKIES["abe_theme"] = "dark"
    assert Shell(request).theme == "dark"
    request.COOKIES["abe_theme"] = '"><script>'
    assert Shell(request).theme == "system"


def test_the_function_is_read_from_whoever_is_signed_in():
    request = RequestFactory().get("/")
    assert Shell(request).function == ""
    request.user = SimpleNamespace(function="customer_success")
    assert Shell(request).function_label == "Customer success"


def test_choosing_a_theme_sets_a_cookie_and_returns_to_the_page():
    response = set_theme(RequestFactory().post("/theme/", {"theme": "dark", "next": "/accounts/?q=1"}))
    assert (response.status_code, response["Location"]) == (302, "/accounts/?q=1")
    assert response.cookies["abe_theme"].value == "dark"
    assert response.cookies["abe_theme"]["samesite"] == "Lax"


def test_a_script_gets_the_cookie_without_a_new_page():
    response = set_theme(
        RequestFactory().post("/theme/", {"nav": "slim"}, headers={"X-Requested-With": "fetch"})
    )
    assert response.status_code == 204
    assert response.cookies["abe_nav"].value == "slim"
    assert "abe_theme" not in response.cookies


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "javascript:alert(1)", "", "NaN", "a.b", "/\\evil.example"],
)
def test_an_address_elsewhere_leads_home(target):
    assert set_theme(RequestFactory().post("/theme/", {"theme": "light", "next": target}))["Location"] == "/"


def test_an_unknown_theme_changes_nothing():
    assert not set_theme(RequestFactory().post("/theme/", {"theme": "pink"})).cookies
    assert set_theme(RequestFactory().get("/theme/")).status_code == 405


@pytest.mark.parametrize(
    ("headers", "is_partial"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_htmx_gets_the_partial_only_when_it_swaps_a_part(headers, is_partial):
    request = RequestFactory().get("/", headers=headers)
    request.htmx = HtmxDetails(request)
    response: HttpResponse = render_page(
        request, "500.html", "components/palette_results.html", {"query": "zz"}
    )
    assert (b"<html" not in response.content) == is_partial
    assert {"HX-Request", "HX-Boosted", "HX-History-Restore-Request"} <= set(response["Vary"].split(", "))
