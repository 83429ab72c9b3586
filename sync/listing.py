"""Find batches, waiting records and tokens for the pages on sync."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from sync.models import ApiToken, ClientCredential, PendingRecord, Source
from sync.registry import resources
from sync.waiting import AMBIGUOUS, DISCARDED, OF_STATE, REFUSED, WAITING

BLOCKERS_SHOWN = 5

CHANGED = Q(created__gt=0) | Q(updated__gt=0) | Q(deleted__gt=0)
OUTCOMES: dict[str, tuple[str, Q]] = {
    "rejected": ("With rejected records", Q(rejected__gt=0)),
    "pending": ("With pending records", Q(pending__gt=0)),
    "stale": ("With stale records", Q(stale__gt=0)),
    "changed": ("Changed something", CHANGED),
    "unchanged": ("Changed nothing", ~CHANGED),
}
WAITS: dict[str, tuple[str, Q]] = {
    "reference": ("For another record", OF_STATE[WAITING]),
    "ambiguous": ("For a decision", OF_STATE[AMBIGUOUS]),
    "decision": ("For a correction", OF_STATE[REFUSED]),
    DISCARDED: ("No more: discarded", Q()),
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force and the address without it."""

    label: str
    value: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; unknown values in the URL are ignored.

    ``kind`` is the list's own filter: an outcome of a batch, or what a record waits for.
    """

    source: str
    resource: str
    kind: str
    kinds: dict[str, tuple[str, Q]]
    batch: int | None = None

    @classmethod
    def from_params(
        cls, params: QueryDict, kinds: dict[str, tuple[str, Q]], *, of_batch: bool = False
    ) -> Filters:
        """Read the URL; ``?batch=`` only where rows belong to one."""
        kind, batch = params.get("kind", ""), params.get("batch", "") if of_batch else ""
        return cls(
            source=params.get("source", "").replace("\x00", "")[:64],
            resource=params.get("resource", "").replace("\x00", "")[:64],
            kind=kind if kind in kinds else "",
            kinds=kinds,
            batch=int(batch) if batch.isascii() and batch.isdigit() and len(batch) < 19 else None,
        )

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of ``rows`` that fit."""
        if self.source:
            rows = rows.filter(source__slug=self.source)
        if self.resource:
            rows = rows.filter(resource=self.resource)
        if self.batch is not None:
            rows = rows.filter(batch=self.batch)
        return rows.filter(self.kinds[self.kind][1]) if self.kind else rows

    @property
    def is_any(self) -> bool:
        """Whether anything is filtered."""
        return bool(self.source or self.resource or self.kind or self.batch is not None)

    def chips(self, request: HttpRequest, kind_label: str) -> list[Chip]:
        """Return the filters in force, each with the address that drops it."""
        parts = [("source", "Source", self.source), ("resource", "Resource", self.resource)]
        if self.kind:
            parts.append(("kind", kind_label, self.kinds[self.kind][0]))
        if self.batch is not None:
            parts.append(("batch", "Batch", str(self.batch)))
        return [Chip(label, value, _without(request, key)) for key, label, value in parts if value]


def list_context(request: HttpRequest, filters: Filters, kind_label: str) -> dict[str, Any]:
    """Return what a page needs to show a list's filters."""
    return {
        "filters": filters,
        "chips": filters.chips(request, kind_label),
        "clear_url": request.path if filters.is_any else "",
        "sources": source_choices(),
        "resources": resource_choices(),
        "kinds": [(key, label) for key, (label, _) in filters.kinds.items()],
    }


def _without(request: HttpRequest, *keys: str) -> str:
    params = request.GET.copy()
    for key in (*keys, "after", "before"):
        params.pop(key, None)
    return f"?{params.urlencode()}"


def resource_choices() -> list[str]:
    """Return the resources in the order of declaration."""
    return [resource.key for resource in resources]


def source_choices() -> list[str]:
    """Return the slugs of the sources."""
    return list(Source.objects.order_by("slug").values_list("slug", flat=True))


@dataclass(frozen=True, slots=True)
class Blocker:
    """A record that has not arrived, and how many wait for it."""

    resource: str
    source: str
    external_id: str
    waiting: int
    since: datetime


def top_blockers() -> list[Blocker]:
    """Return the missing records for which most others wait."""
    rows = (
        PendingRecord.objects.filter(code=PendingRecord.WAITING)
        .values("waits_for_resource", "waits_for_source__slug", "waits_for_external_id")
        .annotate(waiting=Count("pk"), since=Min("received_at"))
        .order_by("-waiting", "since")[:BLOCKERS_SHOWN]
    )
    return [
        Blocker(
            row["waits_for_resource"],
            row["waits_for_source__slug"],
            row["waits_for_external_id"],
            row["waiting"],
            row["since"],
        )
        for row in rows
    ]


def live_on(now: datetime) -> Q:
    """Return the condition of a token that works."""
    return Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))


def tokens_by_client(*, live: bool) -> Sequence[ApiToken]:
    """Return tokens with client and source, by client, newest first; ``live`` or ended ones, at most 500.

    Those that an OAuth client fetches for an hour are left out: the client stands for them.
    """
    condition = live_on(timezone.now())
    own = ApiToken.objects.filter(credential=None)
    rows = own.filter(condition if live else ~condition).select_related("client__source")
    return list(rows.order_by("client__source__slug", "client__name", "-created_at", "-pk")[:500])


def oauth_clients() -> Sequence[ClientCredential]:
    """Return OAuth clients that work, by client, with ``live_tokens``: how many tokens of each work; at most 500."""
    live = Q(tokens__revoked_at=None, tokens__expires_at__gt=timezone.now())
    rows = ClientCredential.objects.filter(revoked_at=None).select_related("client__source")
    counted = rows.annotate(live_tokens=Count("tokens", filter=live))
    return list(counted.order_by("client__source__slug", "client__name", "-created_at", "-pk")[:500])
