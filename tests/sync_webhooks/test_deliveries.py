"""From a change to the receiver: signed, in order, at least once, as much as the function may read."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.identity.merge import merge_accounts
from accounts.identity.unmerge import unmerge_accounts
from people.models import AccessGrant
from sync.events import emit
from sync.models import OutboxEvent, WebhookDelivery, WebhookEndpoint
from sync.webhooks import sending
from sync.webhooks.relay import relay_events
from sync.webhooks.sending import claim_due, send_due
from sync.webhooks.services import (
    forget_old_deliveries,
    pause_endpoint,
    replay_delivery,
    replay_since,
    resume_endpoint,
    rotate_secret,
    send_test,
)
from tests.sync.conftest import make_api
from tests.sync_webhooks.conftest import deliver_all, make_due, relay_all

pytestmark = pytest.mark.django_db(transaction=True)


def another_worker(code: str) -> subprocess.Popen[bytes]:
    """Run code in a process of its own on the test's database; a fork would inherit locks of other threads."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "ABE_TEST_DATABASE": django_settings.DATABASES["default"]["NAME"],
        "ABE_WEBHOOKS_ALLOW_PRIVATE": "true",
    }
    command = [sys.executable, "-c", f"import django; django.setup(); {code}"]
    return subprocess.Popen(command, env=environment, cwd=django_settings.BASE_DIR)


def account(number=1, **fields):
    return {"external_id": f"A{number}", "name": f"Account {number}", **fields}


def test_a_receiver_verifies_what_came_and_reads_what_changed(receiver, subscribe):
    _, secret = subscribe()
    api = make_api()
    api.bulk("accounts", [account(domain="acme.example", tier="strategic", owner_email="a@us.example")])
    api.bulk("accounts", [account(name="Acme", tier="growth")])
    api.call("delete", "accounts/salesforce/A1/")
    deliver_all()
    created, updated, deleted = receiver.verified(secret)
    assert receiver.kinds == ["account.created", "account.updated", "account.deleted"]
    identity = api.get("accounts/salesforce/A1/")["id"]
    assert created["data"]["account_id"] == identity
    assert deleted["data"]["external_ids"] == [{"source": "salesforce", "external_id": "A1"}]
    assert created["data"]["after"]["tier"] == "strategic"
    assert created["data"]["after"]["owner_email"] == "a@us.example"
    assert created["data"]["redacted"] == []
    assert updated["data"]["before"] == {"name": "Account 1", "tier": "strategic"}
    assert updated["data"]["after"] == {"name": "Acme", "tier": "growth"}
    assert updated["data"]["source"] == "salesforce"
    assert deleted["data"]["change"] == "deleted"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(receiver.calls[0].body + b" ", receiver.calls[0].headers)


def test_a_merge_is_told_with_the_account_that_stays(receiver, subscribe):
    _, secret = subscribe(kinds=["account.merged", "account.updated"])
    api = make_api()
    api.bulk("accounts", [account(1), account(2, industry="Energy")])
    first, second = (api.get(f"accounts/salesforce/A{number}/")["id"] for number in (1, 2))
    merged = merge_accounts(winner=int(first), loser=int(second))
    deliver_all()
    told = [one for one in receiver.verified(secret) if one["type"] == "account.merged"]
    assert [one["data"]["account_id"] for one in told] == [second]
    assert told[0]["data"]["after"]["merged_into"] == first
    receiver.calls.clear()
    unmerge_accounts(merge=merged.pk)
    deliver_all()
    changes = {(one["data"]["account_id"], one["data"]["change"]) for one in receiver.verified(secret)}
    assert (second, "unmerged") in changes


def test_references_and_identities_are_told_as_ids(receiver, subscribe):
    _, secret = subscribe()
    api = make_api()
    api.bulk("accounts", [account(1), account(2, parent="A1")])
    deliver_all()
    child = next(told for told in receiver.verified(secret) if told["data"]["after"]["name"] == "Account 2")
    assert child["data"]["after"]["parent"] == {"id": api.get("accounts/salesforce/A1/")["id"]}
    assert child["data"]["external_ids"] == [{"source": "salesforce", "external_id": "A2"}]


def test_what_the_function_may_not_read_is_left_out_and_named(receiver, subscribe):
    AccessGrant.objects.filter(function="support", category="account_team").update(level="none")
    _, secret = subscribe(function="support")
    make_api().bulk("accounts", [account(owner_email="a@us.example")])
    emit(
        event="health.changed",
        account_id=1,
        data={"score": 50, "churn": 0.3, "note": "x"},
        guards={"score": "account_profile:totals", "churn": "revenue"},
    )
    deliver_all()
    created, health = receiver.verified(secret)
    assert "owner_email" not in created["data"]["after"]
    assert created["data"]["redacted"] == ["owner_email", "sponsor_email"]
    assert health["data"]["score"] == 50
    assert health["data"]["note"] == "x"
    assert health["data"]["redacted"] == ["churn"]
    assert b"0.3" not in receiver.calls[1].body


def test_only_what_was_subscribed_to_comes(receiver, subscribe):
    subscribe(kinds=["account.deleted"])
    api = make_api()
    api.bulk("accounts", [account()])
    api.call("delete", "accounts/salesforce/A1/")
    deliver_all()
    assert receiver.kinds == ["account.deleted"]


def test_an_endpoint_hears_nothing_of_the_time_before_it(receiver, subscribe):
    api = make_api()
    api.bulk("accounts", [account(1)])
    subscribe()
    api.bulk("accounts", [account(2)])
    deliver_all()
    assert [call.event["data"]["after"]["name"] for call in receiver.calls] == ["Account 2"]


def test_what_was_rolled_back_is_not_told(receiver, subscribe):
    subscribe()
    with transaction.atomic():
        emit(event="health.changed", account_id=1, data={})
        transaction.set_rollback(True)
    deliver_all()
    assert receiver.calls == []
    assert not OutboxEvent.objects.exists()


def test_events_of_an_account_stay_in_order_when_attempts_fail(receiver, subscribe):
    subscribe()
    api = make_api()
    failures = {}

    def answer(call):
        failures[call.id] = failures.get(call.id, 0) + 1
        number = call.event["data"]["after"].get("employees", 0)
        return 503 if number in (1, 3) and failures[call.id] <= 2 else 200

    receiver.answer = answer
    api.bulk("accounts", [account(1, employees=0), account(2, employees=100)])
    for number in (1, 2, 3, 4):
        api.bulk("accounts", [account(1, employees=number)])
    api.bulk("accounts", [account(2, employees=101)])
    for _ in range(6):
        deliver_all()
        make_due()
    seen = [call.event["data"]["after"]["employees"] for call in receiver.calls]
    assert [number for number in seen if number < 100] == [0, 1, 1, 1, 2, 3, 3, 3, 4]
    assert [number for number in seen if number >= 100] == [100, 101]
    # The other account didn't wait for the failures of the first.
    assert seen.index(101) < seen.index(4)
    assert not WebhookDelivery.objects.exclude(state="delivered").exists()
    assert len({call.id for call in receiver.calls}) == 7


def test_a_later_event_goes_on_when_the_earlier_is_given_up(receiver, subscribe):
    subscribe()
    api = make_api()
    receiver.answer = lambda call: 400 if "created" in call.event["type"] else 200
    api.bulk("accounts", [account()])
    api.bulk("accounts", [account(name="Acme")])
    deliver_all()
    assert receiver.kinds == ["account.created"]
    WebhookDelivery.objects.update(began_at=timezone.now() - timedelta(days=3))
    for _ in range(2):
        make_due()
        deliver_all()
    assert receiver.kinds == ["account.created", "account.created", "account.updated"]
    states = WebhookDelivery.objects.order_by("pk").values_list("state", "response_status")
    assert list(states) == [("given_up", 400), ("delivered", 200)]


def test_waits_grow_with_jitter_and_respect_the_receiver(receiver, subscribe):
    waits = [sending._wait(tries, sending.Answer(0.0, 500)).total_seconds() for tries in range(1, 40)]
    assert 4 <= waits[0] <= 6
    assert waits[5] > 100
    assert max(waits) <= 6 * 3600
    assert len(set(waits[:10])) == 10
    asked = sending._wait(1, sending.Answer(0.0, 429, retry_after="900"))
    assert asked == timedelta(seconds=900)


def test_a_receiver_that_asks_for_absurd_patience_holds_up_nobody(receiver, subscribe):
    subscribe()
    make_api().bulk("accounts", [account()])
    receiver.answer = lambda call: (503, {"Retry-After": "9" * 5000})
    deliver_all()
    delivery = WebhookDelivery.objects.get()
    assert (delivery.is_held, delivery.response_status, len(delivery.attempts)) == (False, 503, 1)
    assert delivery.due_at - timezone.now() < timedelta(hours=6, seconds=1)


def test_no_worker_takes_what_another_holds(subscribe):
    subscribe()
    make_api().bulk("accounts", [account(number) for number in range(30)])
    relay_all()
    first, second = claim_due(), claim_due()
    assert len(first) == sending.SLOTS_EACH
    assert second == []


def test_a_worker_killed_in_the_middle_costs_a_repeat_with_the_same_id(receiver, subscribe):
    _, secret = subscribe()
    receiver.delay = 1.0
    make_api().bulk("accounts", [account()])
    relay_all()
    worker = another_worker("from sync.webhooks.sending import send_due; send_due(seconds=10)")
    deadline = time.monotonic() + 60
    while not receiver.calls:
        assert worker.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    worker.kill()
    worker.wait(timeout=10)
    assert WebhookDelivery.objects.get().state == "waiting"
    assert claim_due() == []  # held until nobody can be at it any more
    receiver.delay = 0.0
    make_due()
    send_due()
    assert WebhookDelivery.objects.get().state == "delivered"
    assert len(receiver.calls) == 2
    assert receiver.calls[0].id == receiver.calls[1].id
    assert receiver.calls[0].body == receiver.calls[1].body
    assert len(receiver.verified(secret)) == 2


def test_two_relays_make_one_delivery_of_each_event(subscribe):
    subscribe()
    make_api().bulk("accounts", [account(number) for number in range(50)])
    work = "from tests.sync_webhooks.conftest import relay_all; relay_all()"
    workers = [another_worker(work) for _ in range(3)]
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0, 0]
    relay_all()
    assert WebhookDelivery.objects.count() == 50


def test_a_slow_writer_is_not_passed(receiver, subscribe):
    subscribe()
    slow = connection.copy()
    slow.set_autocommit(False)
    with slow.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sync_outboxevent (kind, account_id, data, xid) "
            "VALUES ('health.changed', 7, '{\"n\": 1}', pg_current_xact_id()::text::bigint)"
        )
    emit(event="health.changed", account_id=7, data={"n": 2})
    assert not relay_events()
    assert receiver.calls == []
    slow.commit()
    slow.close()
    deliver_all()
    assert [call.event["data"]["n"] for call in receiver.calls] == [1, 2]


def test_gone_disables_the_endpoint(receiver, subscribe):
    endpoint, _ = subscribe()
    receiver.answer = lambda call: 410
    make_api().bulk("accounts", [account(1)])
    deliver_all()
    endpoint.refresh_from_db()
    assert endpoint.state == "disabled"
    assert "410" in endpoint.reason
    assert WebhookDelivery.objects.get().state == "given_up"
    make_api().bulk("accounts", [account(2)])
    deliver_all()
    assert len(receiver.calls) == 1


def test_days_of_failure_disable_the_endpoint_and_nothing_of_that_time_is_lost(receiver, subscribe):
    endpoint, _ = subscribe()
    api = make_api()
    receiver.answer = lambda call: 500
    began = timezone.now()
    api.bulk("accounts", [account(1)])
    deliver_all()
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=3, minutes=1))
    make_due()
    deliver_all()
    endpoint.refresh_from_db()
    assert endpoint.state == "disabled"
    assert "500" in endpoint.reason
    api.bulk("accounts", [account(2)])
    receiver.answer = lambda call: 200
    resume_endpoint(endpoint=endpoint)
    replay_since(endpoint=endpoint, since=began)
    receiver.calls.clear()
    deliver_all()
    names = [call.event["data"]["after"]["name"] for call in receiver.calls]
    assert sorted(names) == ["Account 1", "Account 2"]


def test_a_failing_endpoint_rests_and_is_tried_by_one_at_a_time(receiver, subscribe):
    subscribe()
    receiver.answer = lambda call: 500
    make_api().bulk("accounts", [account(number) for number in range(20)])
    deliver_all()
    assert len(receiver.calls) <= sending.SLOTS_EACH
    WebhookEndpoint.objects.update(retry_at=None)
    assert len(claim_due()) == 1


def test_a_slow_endpoint_leaves_room_for_others(receiver, subscribe):
    subscribe(name="slow", url=receiver.url + "/slow")
    subscribe(name="quick", url=receiver.url + "/quick")
    make_api().bulk("accounts", [account(number) for number in range(30)])
    relay_all()
    claimed = claim_due()
    assert len([one for one in claimed if one.url.endswith("/slow")]) == sending.SLOTS_EACH
    assert len([one for one in claimed if one.url.endswith("/quick")]) == sending.SLOTS_EACH


def test_paused_deliveries_wait_and_come_in_order(receiver, subscribe):
    endpoint, _ = subscribe()
    api = make_api()
    pause_endpoint(endpoint=endpoint)
    api.bulk("accounts", [account()])
    api.bulk("accounts", [account(name="Acme")])
    deliver_all()
    assert receiver.calls == []
    resume_endpoint(endpoint=endpoint)
    deliver_all()
    assert receiver.kinds == ["account.created", "account.updated"]


def test_one_delivery_is_replayed_with_its_id_and_body(receiver, subscribe):
    subscribe()
    make_api().bulk("accounts", [account()])
    deliver_all()
    replay_delivery(delivery=WebhookDelivery.objects.get())
    deliver_all()
    assert receiver.calls[0].id == receiver.calls[1].id
    assert receiver.calls[0].body == receiver.calls[1].body


def test_everything_since_a_time_is_replayed_in_order(receiver, subscribe):
    endpoint, _ = subscribe()
    api = make_api()
    api.bulk("accounts", [account(1)])
    deliver_all()
    since = timezone.now()
    api.bulk("accounts", [account(1, name="Acme")])
    emit(event="health.changed", account_id=1, data={"band": "red"})
    deliver_all()
    first = [call.id for call in receiver.calls]
    receiver.calls.clear()
    assert replay_since(endpoint=endpoint, since=since) == 2
    deliver_all()
    assert [call.id for call in receiver.calls] == first[1:]


def test_a_rotated_secret_and_the_one_before_both_verify_for_a_day(receiver, subscribe):
    endpoint, old = subscribe()
    new = rotate_secret(endpoint=endpoint).secret
    make_api().bulk("accounts", [account(1)])
    deliver_all()
    assert len(receiver.verified(old)) == len(receiver.verified(new)) == 1
    WebhookEndpoint.objects.update(old_secret_until=timezone.now())
    receiver.calls.clear()
    make_api().bulk("accounts", [account(2)])
    deliver_all()
    assert len(receiver.verified(new)) == 1
    with pytest.raises(WebhookVerificationError):
        receiver.verified(old)


def test_secrets_are_sealed_in_the_database(subscribe):
    endpoint, secret = subscribe()
    assert secret.startswith("whsec_")
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(e)::text FROM sync_webhookendpoint AS e")
        assert secret not in cursor.fetchone()[0]
        cursor.execute(
            "SELECT coalesce(string_agg(row_to_json(e)::text, ''), '') FROM sync_webhookendpointevent AS e"
        )
        assert endpoint.secret not in cursor.fetchone()[0]


def test_a_lost_key_is_a_failure_people_can_read(receiver, subscribe, settings):
    subscribe()
    make_api().bulk("accounts", [account()])
    settings.SECRET_KEY = "another"
    deliver_all()
    delivery = WebhookDelivery.objects.get()
    assert delivery.state == "waiting"
    assert "ABE_SECRET_KEY" in delivery.attempts[0]["error"]
    assert receiver.calls == []


def test_a_test_event_comes_at_once_and_waits_for_nobody(receiver, subscribe):
    endpoint, secret = subscribe(kinds=["account.created"])
    send_test(endpoint=endpoint)
    deliver_all()
    (told,) = receiver.verified(secret)
    assert told["type"] == "webhook.test"


def test_redirects_are_failures_and_lead_nowhere(receiver, subscribe):
    subscribe()
    receiver.answer = lambda call: (302, {"Location": f"{receiver.url}/elsewhere"})
    make_api().bulk("accounts", [account()])
    deliver_all()
    assert [call.path for call in receiver.calls] == ["/hooks"]
    assert WebhookDelivery.objects.get().response_status == 302


def test_what_is_old_is_forgotten_and_what_waits_is_not(receiver, subscribe, settings):
    settings.WEBHOOKS_KEEP_DAYS = 30
    subscribe()
    make_api().bulk("accounts", [account(1), account(2)])
    emit(event="health.changed", account_id=1, data={})
    deliver_all()
    old = timezone.now() - timedelta(days=31)
    OutboxEvent.objects.update(happened_at=old)
    first = WebhookDelivery.objects.order_by("pk").first()
    WebhookDelivery.objects.filter(pk=first.pk).update(finished_at=old)
    WebhookDelivery.objects.exclude(pk=first.pk).update(state="waiting", finished_at=None, created_at=old)
    forget_old_deliveries()
    assert WebhookDelivery.objects.count() == 2
    assert not OutboxEvent.objects.exists()


def test_the_log_keeps_the_newest_attempts_only(receiver, subscribe):
    subscribe()
    receiver.answer = lambda call: 500
    make_api().bulk("accounts", [account()])
    relay_all()
    for _ in range(sending.KEPT_ATTEMPTS + 2):
        make_due()
        send_due()
    delivery = WebhookDelivery.objects.get()
    assert len(delivery.attempts) == sending.KEPT_ATTEMPTS
    assert delivery.tries == sending.KEPT_ATTEMPTS + 2
