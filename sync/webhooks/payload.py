"""What a receiver is told of an event: as much of it as the endpoint's function may read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from people.access import Access
from people.models import Level
from sync.declarations import Field, Resource
from sync.events import EventKind
from sync.models import Link
from sync.registry import resources

ACCOUNTS = "accounts"
TEST = "webhook.test"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One event as the log holds it; ``stream`` is 0 for the change log, 1 for the outbox."""

    kind: EventKind
    xid: int
    stream: int
    id: int
    change: str
    account_id: int | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    guards: Mapping[str, str]
    happened_at: datetime
    source: str | None

    @property
    def event_id(self) -> str:
        """The webhook-id: one for each event, the same at every repeat and for every endpoint."""
        return f"evt_{'co'[self.stream]}{self.id}"


@dataclass(slots=True)
class Teller:
    """Writes events down for functions; reads vocabularies and identities of a page of events once."""

    events: Sequence[Event]
    _words: dict[tuple[str, str], dict[Any, str]] = field(default_factory=dict)
    _identities: dict[int, list[dict[str, str]]] | None = None

    def tell(self, event: Event, access: Access) -> str:
        """Return the body for a reader with ``access``: compact JSON, the same at every call."""
        redacted: list[str] = []
        account = ACCOUNTS in resources and access.allows(resources[ACCOUNTS].category)
        data: dict[str, Any] = {
            "account_id": None if event.account_id is None else str(event.account_id),
        }
        if event.account_id is not None and account:
            data["external_ids"] = self._external_ids(event.account_id)
        if event.kind.resource:
            data |= self._change(event, resources[event.kind.resource], access, redacted)
        else:
            data |= _members(event, access, redacted)
        data["redacted"] = redacted
        return envelope(event.kind.key, event.happened_at, data)

    def _change(
        self, event: Event, resource: Resource, access: Access, redacted: list[str]
    ) -> dict[str, Any]:
        fields = resource.fields_by_name
        closed = resource.category is not None and not access.allows(resource.category)

        def told(side: Mapping[str, Any] | None) -> dict[str, Any] | None:
            if side is None:
                return None
            kept = {}
            for name, value in side.items():
                guard = fields[name].category if name in fields else None
                if closed or not access.allows(guard):
                    if name not in redacted:
                        redacted.append(name)
                else:
                    kept[name] = self._value(resource, fields[name], value) if name in fields else value
            return kept

        return {
            "change": event.change,
            "source": event.source,
            "before": told(event.before),
            "after": told(event.after),
        }

    def _value(self, resource: Resource, item: Field, value: Any) -> Any:
        """Return a stored value as the API tells it: ids and words, not keys of tables."""
        if value is None or value == "":
            return None
        if item.reference:
            return {"id": str(value)}
        if item.many:
            return [{"id": str(number)} for number in value]
        if item.vocabulary:
            words = self._words.get((resource.key, item.name))
            if words is None:
                words = {key: word for word, key in item.vocabulary.load().items()}
                self._words[resource.key, item.name] = words
            return words.get(value, value)
        return value

    def _external_ids(self, account_id: int) -> list[dict[str, str]]:
        if self._identities is None:
            self._identities = _identities_of(
                {event.account_id for event in self.events if event.account_id is not None}
            )
        return self._identities.get(account_id, [])


def envelope(kind: str, happened_at: datetime, data: Mapping[str, Any]) -> str:
    """Return a body as Standard Webhooks lays it out."""
    moment = happened_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": moment, "data": data}, separators=(",", ":"))


def _members(event: Event, access: Access, redacted: list[str]) -> dict[str, Any]:
    kept = {}
    for name, value in (event.after or {}).items():
        if all(_allows(access, guard) for guard in event.guards.get(name, "").split()):
            kept[name] = value
        else:
            redacted.append(name)
    return kept


def _allows(access: Access, guard: str) -> bool:
    category, _, level = guard.partition(":")
    return access.allows(category, level or Level.FULL)


def _identities_of(account_ids: Iterable[int]) -> dict[int, list[dict[str, str]]]:
    # Those of deleted records too: who hears of a deletion knows the account by them.
    rows = (
        Link.objects.filter(resource=ACCOUNTS, object_id__in=list(account_ids))
        .order_by("object_id", "source__slug", "external_id")
        .values_list("object_id", "source__slug", "external_id")
    )
    found: dict[int, list[dict[str, str]]] = {}
    for account_id, source, external_id in rows:
        found.setdefault(account_id, []).append({"source": source, "external_id": external_id})
    return found
