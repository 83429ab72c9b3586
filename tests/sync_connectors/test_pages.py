"""The pages of RevOps: connect, look, map, start, pause, delete; secrets never come back."""

from __future__ import annotations

import html as markup
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from sync.connectors.access import secrets_of
from sync.connectors.listing import spell
from sync.models import Connection, ConnectorRun
from tests.sync_connectors.connecting import connect, held, pull, values_for
from tests.sync_connectors.fakes.clock import FakeClock
from tests.sync_connectors.fakes.salesforce import FakeSalesforce, problem
from tests.sync_connectors.fakes.zendesk import FakeZendesk
from tests.users import client_as

pytestmark = pytest.mark.django_db

LIST = "/sync/connections/"
NEW = "/sync/connections/new/salesforce/"


@pytest.fixture
def revops() -> Client:
    return client_as("revops")


@pytest.fixture
def org(salesforce: FakeSalesforce) -> FakeSalesforce:
    salesforce.custom["Account"] = ["Region__c"]
    salesforce.add("Account", "0011", "2026-05-01T10:00:00Z", Name="Acme", Type="Partner", Region__c="EMEA")
    salesforce.add("Account", "0012", "2026-05-01T10:00:01Z", Name="x" * 300)
    salesforce.records["Contact"] = []
    return salesforce


def typed(org: FakeSalesforce, **changed: str) -> dict[str, str]:
    return {"name": "Our CRM", "source": "SalesForce", **values_for(org), **changed}


def text_of(response: Any) -> str:
    return markup.unescape(response.content.decode())


def sent_form(page: str) -> dict[str, Any]:
    """What a browser would send of the mapping form, as it stands on the page."""
    data: dict[str, Any] = {}
    for name, inner in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inner)
        data[name] = markup.unescape(chosen[1]) if chosen else ""
    for name, value in re.findall(r'<input class="form-control" name="([^"]+)" value="([^"]*)"', page):
        data[name] = markup.unescape(value)
    for name, inner in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.DOTALL):
        data[name] = markup.unescape(inner)
    for name, value in re.findall(r'name="(own:[^"]+)" value="([^"]+)" checked', page):
        data.setdefault(name, []).append(value)
    if 'name="is_enabled" checked' in page:
        data["is_enabled"] = "on"
    return data


def test_from_nothing_to_running(
    revops: Client, org: FakeSalesforce, clock: FakeClock, messages: list[int]
) -> None:
    assert "No system is connected" in text_of(revops.get(LIST))
    assert "Zendesk" in text_of(revops.get(f"{LIST}new/"))
    assert "Consumer key" in text_of(revops.get(NEW))
    response = revops.post(NEW, typed(org), follow=True)
    page = text_of(response)
    assert "The sign-in works: Ferrowick Ltd" in page
    connection = Connection.objects.get()
    assert (connection.state, connection.source.slug) == ("draft", "salesforce")
    assert f"{LIST}{connection.pk}/start/" in page
    assert "It has not run yet" in page
    # The fields were read on the way.
    mapping = f"{LIST}{connection.pk}/objects/Account/"
    page = text_of(revops.get(mapping))
    assert "Our Region__c" in page
    form = sent_form(page)
    form["own:accounts"] = ["Region__c"]
    form["words:accounts:lifecycle"] = "Partner = prospect"
    response = revops.post(mapping, form | {"action": "preview"})
    page = text_of(response)
    assert response.status_code == 200
    assert "1 created, 1 rejected" in re.sub(r"</?strong>", "", page)
    assert "Region</span> EMEA" in page
    assert held("accounts", "salesforce") == {}
    # Nothing that was chosen is lost by looking.
    assert sent_form(page) == form
    assert "is saved" in text_of(revops.post(mapping, form | {"action": "save"}, follow=True))
    assert "runs now" in text_of(revops.post(f"{LIST}{connection.pk}/start/", follow=True))
    run = pull(connection, clock)
    assert (run.state, run.created, run.rejected) == (ConnectorRun.State.DONE, 1, 1)
    account = held("accounts", "salesforce")["0011"]
    assert (account.lifecycle, account.custom) == ("prospect", {"region": "EMEA"})
    page = text_of(revops.get(f"{LIST}{connection.pk}/"))
    assert "On schedule" in page
    page = text_of(revops.get(f"{LIST}{connection.pk}/runs/{run.pk}/"))
    assert "0012" in page
    assert "Rejected records" in page
    assert "Our CRM" in text_of(revops.get(LIST))


def test_secrets_never_come_back(revops: Client, org: FakeSalesforce, clock: FakeClock) -> None:
    secret = "consumer-secret-typo"
    answers = [revops.post(NEW, typed(org, client_secret=secret, client_id=""))]
    assert answers[0].status_code == 422
    answers.append(revops.post(NEW, typed(org, client_secret=secret), follow=True))
    connection = Connection.objects.get()
    Connection.objects.update(state=Connection.State.ACTIVE)
    pull(connection, clock)
    paths = ("", "settings/", "objects/Account/", "delete/")
    answers += [revops.get(f"{LIST}{connection.pk}/{path}") for path in paths]
    answers.append(revops.post(f"{LIST}{connection.pk}/objects/Account/", {"action": "preview"}))
    answers.append(revops.post(f"{LIST}{connection.pk}/objects/Account/fields/", follow=True))
    answers.append(revops.get(LIST))
    for answer in answers:
        assert secret not in text_of(answer), answer.request["PATH_INFO"]
    settings = text_of(answers[3])
    assert "Set on" in settings
    assert "leave empty to keep it" in settings
    assert "no-store" in answers[3]["Cache-Control"]


def test_a_long_secret_never_comes_back_either(revops: Client, org: FakeSalesforce) -> None:
    sent = typed(org, private_key="-----BEGIN a long secret", username="", client_secret="")
    response = revops.post(f"{NEW}?way=jwt", sent)
    assert response.status_code == 422
    assert "a long secret" not in text_of(response)
    assert "private_key" in text_of(response)


def test_a_sign_in_that_fails_is_kept_with_what_to_do(revops: Client, org: FakeSalesforce) -> None:
    page = text_of(revops.post(NEW, typed(org, client_secret="wrong"), follow=True))
    assert "did not work" in page
    assert "Salesforce refuses the sign-in" in page
    assert "Check key, secret and user" in page
    connection = Connection.objects.get()
    page = text_of(revops.post(f"{LIST}{connection.pk}/settings/", typed(org, name="Renamed"), follow=True))
    assert "The sign-in works" in page
    assert "refuses the sign-in" not in page
    connection.refresh_from_db()
    assert (connection.name, secrets_of(connection)) == ("Renamed", {"client_secret": org.secret})


def test_a_system_that_is_away_is_not_said_to_be_tried_again(revops: Client, org: FakeSalesforce) -> None:
    org.interrupt("", "down", 503)
    page = text_of(revops.post(NEW, typed(org), follow=True))
    assert "did not work" in page
    assert "Try the sign-in again in a while" in page
    assert "by itself" not in page


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"login_url": "https://evil.example"}, "The host must be one of salesforce.com"),
        ({"login_url": "http://login.salesforce.com"}, "Only https:// addresses are called."),
        ({"source": "Not a slug"}, "A source is a slug"),
        ({"name": ""}, "Fill in “Name”."),
        ({"client_secret": ""}, "Fill in “"),
        ({"client_id": "a\x00b"}, "Null characters"),
    ],
)
def test_what_is_wrong_stands_beside_the_field(
    revops: Client, org: FakeSalesforce, changed: dict[str, str], expected: str
) -> None:
    response = revops.post(NEW, typed(org, **changed))
    assert response.status_code == 422
    assert expected in text_of(response)
    assert "Nothing was saved" in text_of(response)
    assert not Connection.objects.exists()
    assert org.calls == []


def test_another_address_asks_for_the_secret_again(revops: Client, org: FakeSalesforce) -> None:
    connection = connect(org)
    changed = typed(org, login_url="https://other.my.salesforce.com", client_secret="")
    response = revops.post(f"{LIST}{connection.pk}/settings/", changed)
    assert response.status_code == 422
    assert "type this in again" in text_of(response)


def test_each_way_of_signing_in_asks_for_its_own(revops: Client) -> None:
    assert "Private key" not in text_of(revops.get(NEW))
    assert "Private key" in text_of(revops.get(f"{NEW}?way=jwt"))
    assert "Consumer secret" not in text_of(revops.get(f"{NEW}?way=jwt"))
    assert "Consumer secret" in text_of(revops.get(f"{NEW}?way=magic"))


def test_the_address_for_tests_is_asked_for_only_where_others_are_allowed(
    revops: Client, settings: Any
) -> None:
    assert "Address of the API" not in text_of(revops.get(f"{LIST}new/stripe/"))
    settings.CONNECTORS_ALLOW_HOSTS = ["proxy.example"]
    assert "Address of the API" in text_of(revops.get(f"{LIST}new/stripe/"))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"accounts:name": "Nope__c"}, "There is no such field."),
        ({"words:accounts:lifecycle": "Partner is prospect"}, "their word = ours"),
        ({"words:accounts:lifecycle": "Partner = friend"}, "ours are target, prospect, customer, churned"),
        ({"words:accounts:lifecycle": "a\x00b = customer"}, "their word = ours"),
        ({"own:accounts": ["Region__c"], "key:accounts:Region__c": ""}, "Give it a name of 1 to 100"),
        ({"own:accounts": ["Region__c", "Name"], "key:accounts:Name": "region"}, "kept under this name"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_and_kept_on_the_page(
    revops: Client, org: FakeSalesforce, changed: dict[str, Any], expected: str
) -> None:
    connection = connect(org)
    page = f"{LIST}{connection.pk}/objects/Account/"
    revops.post(f"{page}fields/")
    before = connection.objects_pulled.get(key="Account").mapping
    form = sent_form(text_of(revops.get(page))) | changed
    response = revops.post(page, form | {"action": "save"})
    assert response.status_code == 422
    assert expected in text_of(response)
    assert connection.objects_pulled.get(key="Account").mapping == before


def test_saving_the_form_as_it_stands_changes_nothing(revops: Client, zendesk: FakeZendesk) -> None:
    connection = connect(zendesk)
    for target in connection.objects_pulled.all():
        page = f"{LIST}{connection.pk}/objects/{target.key}/"
        revops.post(page, sent_form(text_of(revops.get(page))) | {"action": "save"})
        mapping = connection.objects_pulled.get(pk=target.pk).mapping
        as_set = {key: {(line["source"], line["target"]) for line in lines} for key, lines in mapping.items()}
        assert as_set == {
            key: {(line["source"], line["target"]) for line in lines} for key, lines in target.mapping.items()
        }


def test_required_fields_that_nothing_fills_are_named(revops: Client, org: FakeSalesforce) -> None:
    connection = connect(org)
    page = f"{LIST}{connection.pk}/objects/Account/"
    form = sent_form(text_of(revops.get(page))) | {"accounts:name": ""}
    revops.post(page, form | {"action": "save"})
    assert "Accounts need name" in text_of(revops.get(page))
    assert "Required fields missing" in text_of(revops.get(f"{LIST}{connection.pk}/"))


def test_run_pause_and_schedule(revops: Client, org: FakeSalesforce) -> None:
    connection = connect(org)
    base = f"{LIST}{connection.pk}/"
    assert "runs within a minute" in text_of(revops.post(f"{base}run/", follow=True))
    assert "is paused" in text_of(revops.post(f"{base}pause/", follow=True))
    assert "start or resume it first" in text_of(revops.post(f"{base}run/", follow=True))
    assert "runs now" in text_of(revops.post(f"{base}start/", follow=True))
    assert "schedule is saved" in text_of(
        revops.post(f"{base}schedule/", {"interval_minutes": "60"}, follow=True)
    )
    connection.refresh_from_db()
    assert connection.interval_minutes == 60
    for wrong in ("7", "", "x", "-1"):
        page = text_of(revops.post(f"{base}schedule/", {"interval_minutes": wrong}, follow=True))
        assert "Choose one of the intervals" in page


def test_a_stopped_connection_says_what_to_do(revops: Client, org: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(org)
    org.interrupt("queryAll", problem("INVALID_FIELD", "No such column 'Gone__c' on entity 'Account'."), 400)
    pull(connection, clock)
    for page in (LIST, f"{LIST}{connection.pk}/"):
        text = text_of(revops.get(page))
        assert "Needs you" in text
        assert "Gone__c" in text
        assert "choose another one" in text


@pytest.mark.django_db(transaction=True)
def test_the_page_says_who_decided_what(revops: Client, org: FakeSalesforce, clock: FakeClock) -> None:
    revops.post(NEW, typed(org))
    connection = Connection.objects.get()
    base = f"{LIST}{connection.pk}/"
    mapping = sent_form(text_of(revops.get(f"{base}objects/Account/"))) | {"accounts:industry": ""}
    revops.post(f"{base}objects/Account/", mapping | {"action": "save"})
    revops.post(f"{base}settings/", typed(org, name="Renamed", client_secret="another-secret"))
    revops.post(f"{base}schedule/", {"interval_minutes": "60"})
    revops.post(f"{base}start/")
    pull(connection, clock)
    rows = re.findall(r'data-label="Who">([^<]*)</td><td[^>]*>([^<]*)<', text_of(revops.get(base)))
    author = rows[1][0]
    assert author.startswith("Revops Person")
    assert rows == [
        ("By itself", "Stopped"),
        (author, "Started"),
        (author, "Every hour"),
        (author, "Renamed from Our CRM, Typed in anew: client_secret"),
        (author, "Mapping of accounts: industry"),
        (author, "Added"),
    ]
    assert "another-secret" not in text_of(revops.get(base))


def test_reading_all_again_asks_first(revops: Client, org: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(org)
    pull(connection, clock)
    page = f"{LIST}{connection.pk}/objects/Account/reset/"
    assert "reads every record" in text_of(revops.get(page))
    assert connection.objects_pulled.get(key="Account").cursor
    assert "next run reads all accounts" in text_of(revops.post(page, follow=True))
    assert connection.objects_pulled.get(key="Account").cursor == {}


def test_deleting_asks_first(revops: Client, org: FakeSalesforce, clock: FakeClock) -> None:
    connection = connect(org)
    pull(connection, clock)
    page = f"{LIST}{connection.pk}/delete/"
    assert "can't be undone" in text_of(revops.get(page))
    assert Connection.objects.exists()
    assert "is deleted" in text_of(revops.post(page, follow=True))
    assert not Connection.objects.exists()
    assert len(held("accounts", "salesforce")) == 1


def test_a_preview_of_a_system_that_is_down_says_so(revops: Client, org: FakeSalesforce) -> None:
    connection = connect(org)
    page = f"{LIST}{connection.pk}/objects/Account/"
    form = sent_form(text_of(revops.get(page)))
    org.interrupt("queryAll", "busy", 503)
    response = revops.post(page, form | {"action": "preview"})
    assert response.status_code == 200
    assert "has trouble (HTTP 503)" in text_of(response)
    org.interrupt("queryAll", {"nothing": "known"}, 200)
    assert "in a form that we don't know" in text_of(revops.post(page, form | {"action": "preview"}))


def test_a_connection_whose_connector_is_gone_can_still_be_seen_and_deleted(
    revops: Client, org: FakeSalesforce
) -> None:
    connection = connect(org)
    Connection.objects.update(kind="fax")
    assert revops.get(LIST).status_code == 200
    assert revops.get(f"{LIST}{connection.pk}/").status_code == 200
    assert revops.get(f"{LIST}{connection.pk}/settings/").status_code == 404
    assert revops.get(f"{LIST}{connection.pk}/objects/Account/").status_code == 404
    assert revops.post(f"{LIST}{connection.pk}/delete/").status_code == 302


@pytest.mark.parametrize("function", ["sales", "finance", "leadership", "support"])
def test_connections_are_for_revops(function: str, org: FakeSalesforce) -> None:
    connection = connect(org)
    other = client_as(function)
    for path in ("", "new/", "new/salesforce/", f"{connection.pk}/", f"{connection.pk}/settings/"):
        assert other.get(f"{LIST}{path}").status_code == 403
    for path in ("start/", "pause/", "run/", "test/", "delete/", "objects/Account/reset/"):
        assert other.post(f"{LIST}{connection.pk}/{path}").status_code == 403
    assert org.calls == []
    connection.refresh_from_db()
    assert connection.state == Connection.State.ACTIVE


def test_many_connections_cost_no_more_queries(
    revops: Client, org: FakeSalesforce, zendesk: FakeZendesk, django_assert_max_num_queries: Any
) -> None:
    connect(org)
    revops.get(LIST)
    with django_assert_max_num_queries(12) as few:
        revops.get(LIST)
    connect(zendesk)
    with django_assert_max_num_queries(len(few)):
        revops.get(LIST)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=20), "less than a minute"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=3, minutes=5), "3 h 5 min"),
        (timedelta(days=4), "4 days"),
    ],
)
def test_a_lag_is_said_in_words(span: timedelta, words: str) -> None:
    assert spell(span) == words


def test_the_lag_is_that_of_the_slowest_object(revops: Client, org: FakeSalesforce) -> None:
    connection = connect(org)
    now = timezone.now()
    connection.objects_pulled.filter(key="Account").update(
        synced_to=now - timedelta(hours=3, minutes=5, seconds=9)
    )
    assert "Not through yet" in text_of(revops.get(LIST))
    connection.objects_pulled.exclude(key="Account").update(synced_to=now)
    assert "3 h 5 min" in text_of(revops.get(LIST))
