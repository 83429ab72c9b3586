"""How a ticket stands to the first answer that its account is entitled to."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from common.periods import end_of
from people.access import Redacted
from tiers.entitlements.resolution import Entitled


def target_of(
    opened_at: datetime, replied_at: datetime | None, as_of: date, target: Entitled | Redacted
) -> dict[str, Any]:
    """Return the target in words, what gave it, and whether it was missed by the end of ``as_of``, or by now.

    On a clock that never stops. Nothing of it for a reader who may not see the contract that gave it.
    """
    if isinstance(target, Redacted):
        return {"target": target, "target_origin": target, "is_late": None}
    due_at = opened_at + timedelta(minutes=target.value)
    seen_at = min(end_of(as_of), timezone.now())
    answered_at = replied_at if replied_at is not None and replied_at < end_of(as_of) else None
    return {
        "target": target.words,
        "target_origin": target.origin,
        "is_late": due_at < (answered_at or seen_at),
    }
