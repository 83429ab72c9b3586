"""Who writes wakes the relay, never waits for it, and its turns come in any case."""

from __future__ import annotations

import threading
import time

import pytest
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from abe.celery import app
from sync import tasks
from sync.events import emit
from sync.models import WebhookDelivery
from sync.webhooks import wake
from sync.webhooks.relay import relay_events
from sync.webhooks.sending import claim_due
from tests.sync.conftest import make_api, settle

pytestmark = pytest.mark.django_db(transaction=True)


class Calls:
    """Stands for the broker: counts what it is handed, fails and keeps callers waiting when told to."""

    def __init__(self) -> None:
        self.count = 0
        self.is_away = False
        self.came = threading.Event()
        self.answers = threading.Event()
        self.answers.set()

    def __call__(self, **options: object) -> None:
        assert self.answers.wait(30)
        self.count += 1
        self.came.set()
        if self.is_away:
            raise OperationalError


@pytest.fixture
def broker(monkeypatch):
    calls = Calls()
    monkeypatch.setattr(tasks.relay_webhooks, "apply_async", calls)
    monkeypatch.setattr(wake, "_not_before", 0.0)
    monkeypatch.setattr(wake, "AT_MOST_EVERY", 600.0)
    return calls


def test_a_commit_wakes_the_relay_and_a_busy_intake_does_so_once_in_a_while(broker):
    with transaction.atomic():
        emit(event="health.changed", account_id=1, data={})
        time.sleep(0.05)
        assert broker.count == 0
    assert broker.came.wait(30)
    make_api().bulk("accounts", [{"external_id": "1", "name": "One"}])
    time.sleep(0.05)
    assert broker.count == 1


def test_an_intake_wakes_the_relay(broker):
    make_api().bulk("accounts", [{"external_id": "1", "name": "One"}])
    assert broker.came.wait(30)


def test_nobody_waits_for_a_broker_that_is_away(broker):
    broker.is_away = True
    broker.answers.clear()
    emit(event="health.changed", account_id=1, data={})
    assert broker.count == 0, "the writer has gone on before the broker answered"
    broker.answers.set()
    assert broker.came.wait(30)
    for thread in threading.enumerate():
        if thread.name == "wake-relay":
            thread.join()
    assert wake._not_before < time.monotonic() + 70, "it is asked again after a rest"


def test_a_turn_relays_and_calls_a_sender_and_a_sender_sends(receiver, subscribe, monkeypatch):
    called = []
    monkeypatch.setattr(tasks.send_webhooks, "delay", lambda: called.append(1))
    tasks.relay_webhooks()
    assert called == []
    subscribe()
    make_api().bulk("accounts", [{"external_id": "1", "name": "One"}])
    settle()
    tasks.relay_webhooks()
    assert called == [1]
    tasks.send_webhooks()
    assert WebhookDelivery.objects.get().state == "delivered"
    assert called == [1]


def test_one_sender_at_a_time(receiver, subscribe):
    subscribe()
    make_api().bulk("accounts", [{"external_id": str(number), "name": "One"} for number in range(20)])
    settle()
    relay_events()
    claim_due()
    tasks.send_webhooks()
    assert receiver.calls == []


def test_the_schedule_names_tasks_that_there_are():
    app.loader.import_default_modules()
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert named <= set(app.tasks)
    assert {"sync.tasks.relay_webhooks", "sync.tasks.roll_up_freshness"} <= named
