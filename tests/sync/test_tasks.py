"""What the workers do for sync by the clock."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from sync.models import IdempotencyKey
from sync.tasks import purge_expired
from tests.sync.conftest import Api

DAY = timedelta(days=1)


def test_an_idempotency_key_is_kept_for_seven_days_and_then_forgotten(api: Api) -> None:
    body = [{"external_id": "a", "name": "Acme"}]
    first = api.call("post", "accounts/bulk/", body, Idempotency_Key="k")
    IdempotencyKey.objects.update(created_at=timezone.now() - 7 * DAY + timedelta(minutes=1))
    assert purge_expired() == 0
    again = api.call("post", "accounts/bulk/", body, Idempotency_Key="k")
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    IdempotencyKey.objects.update(created_at=timezone.now() - 7 * DAY - timedelta(minutes=1))
    assert purge_expired() == 1
    later = api.call("post", "accounts/bulk/", body, Idempotency_Key="k")
    assert "Idempotency-Replayed" not in later
    assert later.json()["unchanged"] == 1


def test_the_beat_forgets_daily() -> None:
    assert settings.CELERY_BEAT_SCHEDULE["purge-expired"]["task"] == purge_expired.name
