"""The pages of webhooks: RevOps adds, tests, looks, replays; nobody else comes in."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from people.functions import Function
from sync.models import WebhookDelivery, WebhookEndpoint
from sync.tasks import replay_webhooks
from tests.sync.conftest import make_api
from tests.sync_webhooks.conftest import deliver_all, make_due
from tests.users import client_as

FORM = {"name": "Warehouse", "function": "finance", "kinds": ["account.created", "play.opened"]}


@pytest.fixture
def revops(db):
    return client_as("revops")


def add(client, receiver, **fields):
    return client.post(reverse("sync:webhook_new"), {**FORM, "url": receiver.url, **fields})


@pytest.mark.django_db
@pytest.mark.parametrize("function", [function for function in Function.values if function != "revops"])
def test_only_revops_comes_in(function, receiver, subscribe):
    endpoint, _ = subscribe()
    client = client_as(function)
    for name in ("webhooks", "webhook_new"):
        assert client.get(reverse(f"sync:{name}")).status_code == 403
    for name in ("webhook_rotate", "webhook_test", "webhook_pause", "webhook_replay", "webhook_delete"):
        assert client.post(reverse(f"sync:{name}", args=[endpoint.pk])).status_code == 403
    assert client.get(reverse("sync:webhook", args=[endpoint.pk])).status_code == 403


def test_the_secret_is_shown_once(revops, receiver):
    answer = add(revops, receiver)
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", answer.content.decode())[0]
    endpoint = WebhookEndpoint.objects.get()
    assert answer["Cache-Control"].startswith("max-age=0")
    for name in ("webhook", "webhook_edit"):
        page = revops.get(reverse(f"sync:{name}", args=[endpoint.pk])).content.decode()
        assert secret not in page
        assert endpoint.secret not in page
    rotated = revops.post(reverse("sync:webhook_rotate", args=[endpoint.pk])).content.decode()
    assert "whsec_" in rotated
    assert secret not in rotated


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(revops, receiver, settings):
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    answer = add(revops, receiver, url="https://10.0.0.7/hooks")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "address of a private network" in page
    assert 'value="Warehouse"' in page
    assert not WebhookEndpoint.objects.exists()
    assert "at least one event" in add(revops, receiver, kinds=[]).content.decode()
    assert "Choose the function whose eyes" in add(revops, receiver, function="").content.decode()


def test_an_endpoint_is_edited(revops, receiver, subscribe):
    endpoint, _ = subscribe()
    url = reverse("sync:webhook_edit", args=[endpoint.pk])
    assert "Every event" in revops.get(url).content.decode()
    revops.post(url, {**FORM, "url": receiver.url, "name": "Lake"})
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.function) == ("Lake", "finance")
    assert endpoint.kinds == ["account.created", "play.opened"]
    events = WebhookEndpoint.pgh_event_model.objects.filter(pgh_obj=endpoint).order_by("pgh_id")
    assert [event.name for event in events] == ["Warehouse", "Lake"]


@pytest.mark.django_db(transaction=True)
def test_a_test_is_sent_and_its_answer_shown(receiver, subscribe):
    revops = client_as("revops")
    endpoint, secret = subscribe()
    answer = revops.post(reverse("sync:webhook_test", args=[endpoint.pk]), follow=True)
    assert "Waiting" in answer.content.decode()
    receiver.answer = lambda call: 418
    receiver.reply = b"<b>teapot</b>"
    deliver_all()
    page = revops.get(answer.request["PATH_INFO"]).content.decode()
    assert "418" in page
    assert "&lt;b&gt;teapot&lt;/b&gt;" in page
    assert "To be tried again" in page
    receiver.answer = lambda call: 204
    revops.post(f"{answer.request['PATH_INFO']}replay/")
    make_due()
    deliver_all()
    assert "Delivered" in revops.get(answer.request["PATH_INFO"]).content.decode()
    assert len(receiver.verified(secret)) == 2


@pytest.mark.django_db(transaction=True)
def test_the_log_is_narrowed_by_state_event_and_account(receiver, subscribe):
    revops = client_as("revops")
    endpoint, _ = subscribe()
    api = make_api()
    api.bulk("accounts", [{"external_id": "1", "name": "One"}, {"external_id": "2", "name": "Two"}])
    receiver.answer = lambda call: 500 if call.event["data"]["after"]["name"] == "One" else 200
    deliver_all()
    first = api.get("accounts/salesforce/1/")["id"]
    page = reverse("sync:webhook", args=[endpoint.pk])

    def shown(query):
        return len(re.findall(r"/sync/deliveries/\d+/", revops.get(page + query).content.decode()))

    assert shown("") == 2
    assert shown("?state=delivered") == 1
    assert shown(f"?account={first}") == 1
    assert shown("?kind=account.deleted") == 0
    assert shown("?state=x&kind=y&account=z") == 2
    receiver.answer = lambda call: 500
    api.bulk("accounts", [{"external_id": "3", "name": "Three"}])
    make_due()
    deliver_all()
    assert "Failing" in revops.get(reverse("sync:webhooks")).content.decode()


@pytest.mark.django_db(transaction=True)
def test_everything_since_a_time_is_replayed_from_the_page(receiver, subscribe, monkeypatch):
    revops = client_as("revops")
    endpoint, _ = subscribe()
    make_api().bulk("accounts", [{"external_id": "1", "name": "One"}])
    deliver_all()
    called = []
    monkeypatch.setattr("sync.views.webhooks.replay_webhooks.delay", lambda *given: called.append(given))
    url = reverse("sync:webhook_replay", args=[endpoint.pk])
    since = timezone.now() - timedelta(hours=1)
    given = {"since": since.strftime("%Y-%m-%dT%H:%M:%S")}
    asked = revops.post(url, given).content.decode()
    assert re.search(
        r"<span[^>]*>1</span> delivery of its log goes out again|1 delivery of its log goes", asked
    )
    assert f'name="since" value="{given["since"]}"' in asked
    assert not called
    answer = revops.post(url, given | {"confirm": "1"}, follow=True).content.decode()
    assert "is on its way again, in order" in answer
    replay_webhooks(*called[0])
    deliver_all()
    assert len(receiver.calls) == 2
    for wrong in (
        "",
        "soon",
        "2020-01-01T00:00",
        (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"),
    ):
        assert revops.post(url, {"since": wrong}).status_code == 422
    assert len(called) == 1


def test_workers_out_of_reach_are_said_so(revops, receiver, subscribe, monkeypatch):
    from kombu.exceptions import OperationalError

    def away(*given):
        raise OperationalError

    endpoint, _ = subscribe()
    monkeypatch.setattr("sync.views.webhooks.replay_webhooks.delay", away)
    since = (timezone.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    answer = revops.post(
        reverse("sync:webhook_replay", args=[endpoint.pk]), {"since": since, "confirm": "1"}, follow=True
    )
    assert "can&#x27;t be reached" in answer.content.decode()


def test_pause_resume_and_remove(revops, receiver, subscribe):
    endpoint, _ = subscribe()
    revops.post(reverse("sync:webhook_pause", args=[endpoint.pk]))
    endpoint.refresh_from_db()
    assert endpoint.state == "paused"
    answer = revops.post(reverse("sync:webhook_test", args=[endpoint.pk]), follow=True)
    assert "resume it first" in answer.content.decode()
    assert not WebhookDelivery.objects.exists()
    revops.post(reverse("sync:webhook_resume", args=[endpoint.pk]))
    endpoint.refresh_from_db()
    assert endpoint.state == "active"
    url = reverse("sync:webhook_delete", args=[endpoint.pk])
    assert "Remove Warehouse?" in revops.get(url).content.decode()
    revops.post(url)
    assert not WebhookEndpoint.objects.exists()


def test_a_disabled_endpoint_says_why(revops, receiver, subscribe):
    endpoint, _ = subscribe()
    WebhookEndpoint.objects.update(state="disabled", reason="It answered 410 Gone: it wants no more.")
    assert "410 Gone" in revops.get(reverse("sync:webhook", args=[endpoint.pk])).content.decode()
