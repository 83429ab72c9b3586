"""Records that are made here: written through the same pipeline as those that sources send, as the source ``abe``.

So they have the same checks, claims, provenance, places in the feed and events, and whoever reads the API can't
tell the difference. No token, file or connection speaks for that source (``sync.services.ensure_source``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from people.models import User
from sync.declarations import Resource
from sync.models import OWN_SLUG, Batch, Link, Source
from sync.pipeline.batch import PENDING, REJECTED, Result
from sync.pipeline.claims import share_objects
from sync.pipeline.decode import MAX_RECORDS, decode_body
from sync.pipeline.delete import DELETED, delete_record
from sync.pipeline.locks import lock_resource
from sync.pipeline.pending import follow_up_batches
from sync.pipeline.run import run_batch
from sync.redirects import target_of
from sync.registry import resources


class OwnRecordsError(ValidationError):
    """Records made here that were refused; nothing of the call was written. ``results`` are those refused."""

    def __init__(self, refused: Sequence[Result]) -> None:
        self.results = list(refused)
        super().__init__(
            [
                ": ".join(part for part in (result.external_id or "", error.field, error.detail) if part)
                for result in refused
                for error in result.errors
            ]
        )


@transaction.atomic
def send_own_records(
    resource_key: str,
    records: Sequence[Mapping[str, Any]],
    *,
    by: User | None,
    about: Mapping[str, int] | None = None,
) -> list[Result]:
    """Create or update records of a resource as ``abe``, in the caller's transaction; return what became of each.

    A record is what a client would send: ``external_id`` and fields, those left out unchanged, None clearing one.
    A reference may also be the number of an object of ours; merged accounts are followed. ``about`` names, by
    external id, the object that a record speaks about where another source brought it: from then on both have a
    say in it, field by field (docs/provenance.md). ``by`` is who makes them, None for the clock.

    All or nothing: raises OwnRecordsError where one is refused, or names something that isn't there. Locks the
    resource until the caller's transaction ends; whoever locks rows as well locks them after this, or locks the
    resource first with ``sync.pipeline.locks.lock_together``.
    """
    resource = resources[resource_key]
    source = own_source()
    lock_resource(resource, source)
    named = _Names(source)
    ready = [_with_names(resource, record, named) for record in records]
    _speak_about(resource, source, about or {})
    results: list[Result] = []
    outcomes = []
    for first in range(0, len(ready), MAX_RECORDS):
        decoded = decode_body(msgspec.json.encode(ready[first : first + MAX_RECORDS]), resource, lines=False)
        outcome = run_batch(
            resource=resource, source=source, decoded=decoded, by_id=by.pk if by is not None else None
        )
        outcomes.append(outcome)
        for result in outcome.results:
            result.index += first
            results.append(result)
    if refused := [result for result in results if result.status in (REJECTED, PENDING)]:
        raise OwnRecordsError(refused)
    transaction.on_commit(partial(follow_up_batches, outcomes), robust=True)
    return results


@transaction.atomic
def delete_own_records(resource_key: str, external_ids: Iterable[str], *, by: User | None) -> int:
    """Put a tombstone on records made here; return how many had none. A later ``send_own_records`` restores one.

    Locks the resource.
    """
    resource, source = resources[resource_key], own_source()
    gone = 0
    for external_id in sorted(set(external_ids)):
        deletion = delete_record(resource=resource, source=source, external_id=external_id)
        if by is not None:
            Batch.objects.filter(pk=deletion.batch_id).update(by=by)
        gone += deletion.status == DELETED
    return gone


def own_source() -> Source:
    """Return the source of the records that are made here."""
    source, _ = Source.objects.get_or_create(slug=OWN_SLUG, defaults={"name": "Made here"})
    return source


def _speak_about(resource: Resource, source: Source, about: Mapping[str, int]) -> None:
    held = Link.objects.filter(source=source, resource=resource.key, external_id__in=about)
    known = set(held.values_list("external_id", flat=True))
    new = {name: object_id for name, object_id in sorted(about.items()) if name not in known}
    if not new:
        return
    share_objects(resource=resource, object_ids=list(new.values()))
    Link.objects.bulk_create(
        Link(resource=resource.key, source=source, external_id=name, object_id=object_id, is_shared=True)
        for name, object_id in new.items()
    )


class _Names:
    """By which record of a source an object of ours is called, each looked up once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.known: dict[str, dict[int, dict[str, str]]] = defaultdict(dict)

    def of(self, resource: str, object_id: int) -> dict[str, str]:
        """Return a reference to the object; one for which no record stands is given one of ours."""
        known = self.known[resource]
        if object_id not in known:
            now = target_of(resource, object_id) or object_id
            held = Link.objects.filter(resource=resource, object_id=now).select_related("source")
            link = held.order_by(F("deleted_at").asc(nulls_first=True), "pk").first()
            known[object_id] = (
                {"source": link.source.slug, "external_id": link.external_id}
                if link is not None
                else {"source": OWN_SLUG, "external_id": self._new(resource, now)}
            )
        return known[object_id]

    def _new(self, resource: str, object_id: int) -> str:
        link = Link.objects.create(
            resource=resource, source=self.source, external_id=f"id-{object_id}", object_id=object_id
        )
        return link.external_id


def _with_names(resource: Resource, record: Mapping[str, Any], named: _Names) -> dict[str, Any]:
    """Return a record that names objects as clients do."""
    given = dict(record)
    for name, target in resource.references.items():
        if isinstance(given.get(name), int):
            given[name] = named.of(target, given[name])
    for name, target in resource.references_many.items():
        if given.get(name):
            given[name] = [named.of(target, item) if isinstance(item, int) else item for item in given[name]]
    for name, parts in resource.parts.items():
        if given.get(name):
            given[name] = [_part_with_names(part, parts, named) for part in given[name]]
    return given


def _part_with_names(part: Mapping[str, Any], parts: Mapping[str, str], named: _Names) -> dict[str, Any]:
    return {
        key: named.of(parts[key], value) if key in parts and isinstance(value, int) else value
        for key, value in part.items()
    }
