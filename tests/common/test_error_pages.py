import json

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.middleware.csrf import CsrfViewMiddleware
from django.test import RequestFactory
from django.urls import Resolver404, reverse
from django.views.csrf import csrf_failure

from common import views
from tests.users import client_as


def request(path="/", **headers):
    made = RequestFactory().get(path, headers=headers)
    made.user = AnonymousUser()
    return made


def test_a_reason_given_by_our_code_is_shown():
    response = views.permission_denied(request(), PermissionDenied("Only <finance> reads this."))
    assert response.status_code == 403
    assert b"Only &lt;finance&gt; reads this." in response.content
    response = views.not_found(request(), Http404("No such account."))
    assert b"No such account." in response.content


def test_the_list_of_addresses_is_never_shown():
    response = views.not_found(request(), Resolver404({"tried": [["secret-pattern"]], "path": "x"}))
    assert response.status_code == 404
    assert b"secret-pattern" not in response.content
    assert b"The address is wrong" in response.content


def test_a_bad_request_does_not_repeat_what_was_sent():
    response = views.bad_request(request(), ValueError("<raw>"))
    assert response.status_code == 400
    assert b"raw" not in response.content


@pytest.mark.parametrize("made", [request("/api/v1/nothing"), request("/x", Accept="application/json")])
def test_a_program_gets_a_problem(made):
    response = views.not_found(made, Http404("No such account."))
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content) == {
        "type": "about:blank",
        "title": "There is nothing here",
        "status": 404,
        "detail": "No such account.",
    }


def test_a_browser_gets_a_page():
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert views.not_found(request("/x", Accept=accept), Http404()).content.startswith(b"<!doctype html>")


def test_a_failure_has_an_id_to_quote_in_page_header_and_problem():
    response = views.server_error(request())
    assert response.status_code == 500
    assert response["X-Error-Id"].encode() in response.content
    problem = json.loads(views.server_error(request("/api/v1/accounts")).content)
    assert len(problem["error_id"]) == 10


def test_each_failure_has_an_id_of_its_own():
    assert views.server_error(request())["X-Error-Id"] != views.server_error(request())["X-Error-Id"]


@pytest.mark.django_db
def test_failing_pages_ask_the_database_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        views.server_error(request())


def test_a_form_without_its_token_is_explained():
    made = RequestFactory().post("/theme/")
    made.user = AnonymousUser()
    refused = CsrfViewMiddleware(lambda _: None).process_view(made, lambda _: None, (), {})
    assert refused is not None
    assert refused.status_code == 403
    assert b"<h1>This form is out of date</h1>" in csrf_failure(made).content


@pytest.mark.django_db
def test_an_address_of_a_form_is_no_dead_end_after_signing_in_again():
    client = client_as("revops")
    address = reverse("sync:webhook_replay", args=[1])
    answer = client.get(address)
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert "Go back to the page it stood on" in answer.content.decode()
    assert "Go to the home page" in answer.content.decode()
    told = client.get(address, headers={"Accept": "application/json"})
    assert (told.status_code, told["Content-Type"]) == (405, "application/problem+json")
