"""Find endpoints and deliveries for the pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from sync.events import EventKind, event_kinds
from sync.models import WebhookDelivery, WebhookEndpoint
from sync.webhooks.payload import TEST

RECENT = timedelta(days=7)
LARGEST_ID = 2**63 - 1
STATES = {str(value): str(label) for value, label in WebhookDelivery.State.choices}


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force and the address without it."""

    label: str
    value: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class DeliveryFilters:
    """What the log is narrowed to; unknown values in the URL are ignored."""

    state: str
    kind: str
    account: int | None

    @classmethod
    def from_params(cls, params: QueryDict) -> DeliveryFilters:
        """Read the URL."""
        state, kind, account = (params.get(name, "") for name in ("state", "kind", "account"))
        number = int(account) if account.isascii() and account.isdigit() and len(account) < 19 else None
        return cls(
            state=state if state in STATES else "",
            kind=kind if kind in event_kinds or kind == TEST else "",
            account=number,
        )

    def narrow(self, rows: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
        """Return those of ``rows`` that fit."""
        if self.state:
            rows = rows.filter(state=self.state)
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.account is not None:
            rows = rows.filter(account_id=self.account)
        return rows

    @property
    def is_any(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.state or self.kind or self.account is not None)

    def chips(self, request: HttpRequest) -> list[Chip]:
        """Return the filters in force, each with the address that drops it."""
        parts = [("state", "State", STATES.get(self.state, "")), ("kind", "Event", self.kind)]
        if self.account is not None:
            parts.append(("account", "Account", str(self.account)))
        return [Chip(label, value, _without(request, key)) for key, label, value in parts if value]


def endpoints_overview() -> Sequence[WebhookEndpoint]:
    """Return the endpoints with their deliveries of seven days: ``delivered``, ``given_up``; and ``waiting``."""
    since = timezone.now() - RECENT
    states = WebhookDelivery.State

    def counted(state: str, *conditions: Q) -> Count:
        return Count("deliveries", filter=Q(*conditions, deliveries__state=state))

    rows = WebhookEndpoint.objects.annotate(
        delivered=counted(states.DELIVERED, Q(deliveries__finished_at__gte=since)),
        given_up=counted(states.GIVEN_UP, Q(deliveries__finished_at__gte=since)),
        waiting=counted(states.WAITING),
    )
    return list(rows.order_by("name", "pk"))


def failing_endpoints() -> list[dict[str, Any]]:
    """Return the endpoints that are disabled or fail, for those who look after them; one query."""
    rows = WebhookEndpoint.objects.filter(
        Q(state=WebhookEndpoint.State.DISABLED) | Q(failing_since__isnull=False)
    )
    names = ("pk", "name", "state", "reason", "failing_since")
    return [dict(row) for row in rows.order_by("name").values(*names)]


def sorted_kinds() -> list[EventKind]:
    """Return the declared events by key."""
    return sorted(event_kinds, key=lambda kind: kind.key)


def kinds_of(endpoint: WebhookEndpoint) -> list[str]:
    """Return the keys of what an endpoint subscribes to, every one spelled out."""
    return [kind.key for kind in sorted_kinds() if "*" in endpoint.kinds or kind.key in endpoint.kinds]


def oldest_kept(now: datetime, days: int) -> datetime:
    """Return the earliest time from which a replay is whole."""
    return now - timedelta(days=days)


def _without(request: HttpRequest, key: str) -> str:
    params = request.GET.copy()
    for name in (key, "after", "before"):
        params.pop(name, None)
    return f"?{params.urlencode()}"
