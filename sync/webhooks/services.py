"""Writes about endpoints and their deliveries."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import pghistory
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from common.encryption import encrypt
from common.outbound.urls import check_url
from people.models import User
from sync.events import event_kinds
from sync.models import OutboxEvent, WebhookDelivery, WebhookEndpoint
from sync.webhooks.payload import TEST, envelope
from sync.webhooks.relay import (
    BEFORE_ALL,
    EVERY,
    begin_relay,
    lock_relay,
    read_events,
    read_position,
    write_deliveries,
)
from sync.webhooks.wake import wake_relay_on_commit

SECRET_PREFIX = "whsec_"  # noqa: S105 - how every secret begins
OLD_SECRET_FOR = timedelta(days=1)
State = WebhookEndpoint.State


class Issued(NamedTuple):
    """An endpoint and its new secret, which is nowhere else to be read."""

    endpoint: WebhookEndpoint
    secret: str


def create_endpoint(
    *, name: str, url: str, kinds: Iterable[str], function: str, by: User | None = None
) -> Issued:
    """Add an endpoint, which is told what happens from now on. Raises ValidationError naming the field."""
    checked = _checked(name=name, url=url, kinds=kinds, function=function)
    secret = _new_secret()
    with transaction.atomic(), pghistory.context(user=_key(by)):
        begin_relay()
        endpoint = WebhookEndpoint.objects.create(**checked, secret=encrypt(secret))
    return Issued(endpoint, secret)


def change_endpoint(
    *,
    endpoint: WebhookEndpoint,
    name: str,
    url: str,
    kinds: Iterable[str],
    function: str,
    by: User | None = None,
) -> WebhookEndpoint:
    """Change an endpoint; what waits already is sent as it is, to the new address."""
    checked = _checked(name=name, url=url, kinds=kinds, function=function)
    with transaction.atomic(), pghistory.context(user=_key(by)):
        held = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        for field, value in checked.items():
            setattr(held, field, value)
        held.save(update_fields=tuple(checked))
    return held


def rotate_secret(*, endpoint: WebhookEndpoint) -> Issued:
    """Give an endpoint a new secret; for a day deliveries are signed with the old one too."""
    secret = _new_secret()
    with transaction.atomic():
        held = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        held.old_secret, held.old_secret_until = held.secret, timezone.now() + OLD_SECRET_FOR
        held.secret = encrypt(secret)
        held.save(update_fields=("secret", "old_secret", "old_secret_until"))
    return Issued(held, secret)


@transaction.atomic
def pause_endpoint(*, endpoint: WebhookEndpoint, by: User | None = None) -> None:
    """Hold deliveries back; they are kept and wait. Changes nothing unless it is active."""
    with pghistory.context(user=_key(by)):
        WebhookEndpoint.objects.filter(pk=endpoint.pk, state=State.ACTIVE).update(state=State.PAUSED)


@transaction.atomic
def resume_endpoint(*, endpoint: WebhookEndpoint, by: User | None = None) -> None:
    """Send again, what waits first. One that was disabled is not told what happened meanwhile; replay it."""
    begin_relay()
    with pghistory.context(user=_key(by)):
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
            state=State.ACTIVE, reason="", failing_since=None, failures=0, retry_at=None
        )
    now = timezone.now()
    waiting = WebhookDelivery.objects.filter(
        endpoint=endpoint, state=WebhookDelivery.State.WAITING, is_held=False
    )
    waiting.update(due_at=now, began_at=None)
    wake_relay_on_commit()


@transaction.atomic
def delete_endpoint(*, endpoint: WebhookEndpoint) -> None:
    """Remove an endpoint with its deliveries."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).delete()


@transaction.atomic
def send_test(*, endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Queue an event that says nothing, to see whether and what the endpoint answers."""
    now = timezone.now()
    delivery = WebhookDelivery.objects.create(
        endpoint=endpoint,
        event_id=f"evt_t{uuid4().hex}",
        kind=TEST,
        body=envelope(TEST, now, {"message": "A test from ABE.", "endpoint": endpoint.name}),
        happened_at=now,
    )
    wake_relay_on_commit()
    return delivery


@transaction.atomic
def replay_delivery(*, delivery: WebhookDelivery) -> None:
    """Send a delivery again, with the same webhook-id and body; one that waits is tried at once."""
    WebhookDelivery.objects.filter(pk=delivery.pk, is_held=False).update(**_fresh())
    wake_relay_on_commit()


@transaction.atomic
def replay_since(*, endpoint: WebhookEndpoint, since: datetime) -> int:
    """Tell an endpoint again of every event since a time, in order; return how many.

    What it was never told, because it was disabled or not there yet, is told too. The relay is held still
    meanwhile, so that replayed and new events of an account don't mix. Deliveries in a worker's hands may come
    twice.
    """
    lock_relay()
    position = read_position()
    if position is None:
        return 0
    held = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    old = WebhookDelivery.objects.filter(endpoint=held, happened_at__gte=since).exclude(kind=TEST)
    # They are written anew, since the order of ids is the order of telling.
    old.delete()
    count, place = 0, BEFORE_ALL
    while True:
        events, last = read_events(place, until=position, since=since)
        if last is None:
            break
        count += write_deliveries(events, [held])
        place = last
    wake_relay_on_commit()
    return count


@transaction.atomic
def forget_old_deliveries() -> int:
    """Forget deliveries and told events after the days that the setting keeps them; return how many rows went.

    What waits for a disabled endpoint goes too.
    """
    before = timezone.now() - timedelta(days=settings.WEBHOOKS_KEEP_DAYS)
    finished = Q(finished_at__lt=before) & ~Q(state=WebhookDelivery.State.WAITING)
    orphaned = Q(created_at__lt=before, endpoint__state=State.DISABLED)
    gone = WebhookDelivery.objects.filter(finished | orphaned).delete()[0]
    return gone + OutboxEvent.objects.filter(happened_at__lt=before).delete()[0]


def _fresh() -> Mapping[str, Any]:
    return {
        "state": WebhookDelivery.State.WAITING,
        "due_at": timezone.now(),
        "began_at": None,
        "finished_at": None,
    }


def _checked(*, name: str, url: str, kinds: Iterable[str], function: str) -> dict[str, Any]:
    wanted = sorted(set(kinds))
    known = {EVERY, *(kind.key for kind in event_kinds)}
    unknown = [kind for kind in wanted if kind not in known]
    if unknown or not wanted:
        raise ValidationError({"kinds": f"Unknown or no event: {', '.join(unknown) or 'none chosen'}."})
    values = {"name": name.strip(), "url": check_url(url), "kinds": wanted, "function": function}
    others = {field.name for field in WebhookEndpoint._meta.fields} - values.keys()
    WebhookEndpoint(**values).clean_fields(exclude=others)
    return values


def _new_secret() -> str:
    return SECRET_PREFIX + b64encode(secrets.token_bytes(32)).decode()


def _key(user: User | None) -> int | None:
    return None if user is None else user.pk
