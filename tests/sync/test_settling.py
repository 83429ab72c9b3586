"""Another order of the sources reaches every shared record, slice by slice, whatever is lost on the way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.models import Account
from sync import tasks
from sync.models import Settling
from sync.pipeline.settle import settle_objects
from sync.provenance import settling
from sync.registry import resources
from tests.sync.conftest import Api
from tests.users import client_as

pytestmark = pytest.mark.django_db

COUNT = 5


@pytest.fixture
def revops(db: None) -> Client:
    return client_as("revops")


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "CHUNK", 2)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what workers were asked to do; nobody does it."""
    found: list[str] = []
    monkeypatch.setattr(tasks.settle_shared_records, "delay", found.append)
    return found


@pytest.fixture(autouse=True)
def _shared(api: Api, api_for: Any) -> None:
    for day, source, sender in ((1, "salesforce", api), (2, "stripe", api_for(source="stripe"))):
        said = {"name": source, "source_updated_at": f"2026-05-0{day}T00:00:00Z"}
        records = [
            said | {"external_id": f"{source}-{number}", "domain": f"c{number}.example"}
            for number in range(COUNT)
        ]
        sender.bulk("accounts", records)


def save(client: Client, *sources: str) -> str:
    """Save the general order of accounts as the page does; return what it says then."""
    form = {"resource": "accounts", "field": "", "source": sources, "step": "save"}
    return text_of(client.post(reverse("sync:precedence_edit"), form, follow=True))


def text_of(response: Any) -> str:
    """Return a page without its markup."""
    return " ".join(re.sub(r"<[^>]*>", "", response.content.decode()).split())


def names() -> list[str]:
    """Return the name that each account holds, by id."""
    return list(Account.objects.order_by("pk").values_list("name", flat=True))


def wait(seconds: float = 60) -> None:
    """Let time pass in which nothing happens."""
    Settling.objects.update(step_at=timezone.now() - timedelta(seconds=seconds))


def test_a_lost_message_is_made_up_for_by_the_clock(revops: Client, asked: list[str]) -> None:
    shown = save(revops, "salesforce", "stripe")
    assert "0 of 5 settled" in shown
    assert names() == ["stripe"] * COUNT
    tasks.go_on_with_settling()
    assert asked == []  # it may still be on its way
    wait()
    tasks.go_on_with_settling()
    assert asked == ["accounts"]
    tasks.settle_shared_records(asked.pop())
    assert names() == ["salesforce"] * COUNT
    assert not Settling.objects.exists()
    assert settings.CELERY_BEAT_SCHEDULE["go-on-with-settling"]["task"] == tasks.go_on_with_settling.name


def test_the_message_goes_out_once_the_order_is_saved(
    revops: Client, asked: list[str], django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        save(revops, "salesforce", "stripe")
    assert asked == ["accounts"]

    def refuse(resource: str) -> None:
        raise OperationalError

    monkeypatch.setattr(tasks.settle_shared_records, "delay", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        assert "The order is saved" in save(revops, "stripe")


def test_a_killed_worker_loses_one_slice_and_none_is_done_twice(
    revops: Client, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    slices: list[list[int]] = []

    def settle(*, resource: Any, object_ids: Sequence[int]) -> list[int]:
        changed = settle_objects(resource=resource, object_ids=object_ids)
        slices.append(list(object_ids))
        if len(slices) == 2:
            raise KeyboardInterrupt
        return changed

    save(revops, "salesforce", "stripe")
    monkeypatch.setattr(settling, "settle_objects", settle)
    with pytest.raises(KeyboardInterrupt):
        tasks.settle_shared_records("accounts")
    assert names() == ["salesforce"] * 2 + ["stripe"] * 3
    assert "2 of 5 settled" in text_of(revops.get(reverse("sync:precedence")))
    wait()
    tasks.go_on_with_settling()
    tasks.settle_shared_records(asked.pop())
    assert names() == ["salesforce"] * COUNT
    ids = list(Account.objects.order_by("pk").values_list("pk", flat=True))
    assert slices == [ids[:2], ids[2:4], ids[2:4], ids[4:]]
    tasks.settle_shared_records("accounts")  # a repeated message does nothing
    assert len(slices) == 4


def test_the_last_of_two_orders_holds_everywhere(revops: Client) -> None:
    save(revops, "salesforce", "stripe")
    assert settling.settle_next_slice(resource=resources["accounts"])
    save(revops, "stripe", "salesforce")
    assert Settling.objects.get().settled == 0
    tasks.settle_shared_records("accounts")
    assert names() == ["stripe"] * COUNT


def test_few_records_follow_at_once_and_end_what_was_under_way(
    revops: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(revops, "salesforce", "stripe")
    monkeypatch.setattr(settling, "CHUNK", COUNT)
    shown = save(revops, "salesforce")
    assert "the values held follow it" in shown
    assert not Settling.objects.exists()
    assert names() == ["salesforce"] * COUNT


def test_the_progress_asks_again_until_all_is_done(revops: Client) -> None:
    save(revops, "salesforce", "stripe")
    address = reverse("sync:precedence") + "?resource=accounts"
    assert '<meta http-equiv="refresh"' in revops.get(address).content.decode()
    part = revops.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert 'hx-trigger="every 2s"' in part
    tasks.settle_shared_records("accounts")
    part = revops.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "All values held follow the order." in part
    assert "hx-trigger" not in part
    assert "settled" not in revops.get(address).content.decode()


def test_a_worker_hands_on_what_takes_longer(
    revops: Client, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save(revops, "salesforce", "stripe")
    monkeypatch.setattr(tasks, "SETTLE_SECONDS", 0.0)
    tasks.settle_shared_records("accounts")
    assert asked == ["accounts"]


def test_what_is_no_resource_any_more_is_forgotten(asked: list[str]) -> None:
    Settling.objects.create(resource="gone", total=1)
    wait()
    tasks.go_on_with_settling()
    tasks.settle_shared_records("gone")
    assert not Settling.objects.exists()
    assert asked == []
