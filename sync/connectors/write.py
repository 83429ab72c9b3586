"""Write a page: its records through the pipeline and its cursor, in one transaction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction

from sync.connectors.declarations import Family, Item, Page, Stream
from sync.connectors.errors import InterruptedRunError
from sync.connectors.families import end_others
from sync.connectors.lease import LEASE, Claim, hold
from sync.connectors.mapping import MappedPage, map_items
from sync.connectors.text import storable
from sync.declarations import Resource
from sync.models import ConnectedObject, ConnectorRun, Link, PendingRecord, Source
from sync.pipeline.batch import REJECTED, STATUSES, Outcome
from sync.pipeline.decode import MAX_RECORDS, decode_body
from sync.pipeline.delete import DELETED, delete_record
from sync.pipeline.locks import lock_together
from sync.pipeline.pending import follow_up_batches
from sync.pipeline.run import run_batch
from sync.registry import resources

SAMPLES = 20
REASONS = 50


@dataclass(slots=True)
class Written:
    """What became of a page's records, batch by batch, and the first that were refused."""

    counts: Counter[str] = field(default_factory=Counter)
    samples: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def add(self, resource: Resource, outcome: Outcome) -> None:
        """Count a batch."""
        self.outcomes.append(outcome)
        self.counts.update({status: outcome.counts[status] for status in STATUSES})
        for result in outcome.results:
            if result.status == REJECTED and len(self.samples) < SAMPLES:
                self.samples.append({"resource": resource.key, **msgspec.to_builtins(result)})


def write_page(claim: Claim, target: ConnectedObject, stream: Stream, page: Page, now: datetime) -> None:
    """Apply a page, move the cursor and count, all in one transaction; then apply what waited for it.

    A page that comes again after a kill changes nothing. Raises InterruptedRunError where the connection was paused,
    reset or taken over since the page was asked for; then nothing of it is written.
    """
    with transaction.atomic():
        connection = hold(claim)
        held = ConnectedObject.objects.select_for_update().get(pk=target.pk)
        if held.cursor != target.cursor or held.mapping != target.mapping or not held.is_enabled:
            raise InterruptedRunError
        source = claim.connection.source
        mapped = map_items(stream, held.mapping, page.items)
        written = apply_mapped(source, mapped, page.families)
        _count(claim.run, held, page, mapped, written, now)
        held.cursor = storable(page.cursor)
        if page.is_last:
            held.synced_to = datetime.fromisoformat(claim.run.progress[held.key]["started"])
        held.save(update_fields=["cursor", "synced_to"])
        connection.lease_until = now + LEASE
        connection.failures = 0
        connection.problem = connection.remedy = ""
        connection.save(update_fields=["lease_until", "failures", "problem", "remedy"])
    target.cursor = held.cursor
    target.synced_to = held.synced_to
    follow_up_batches(written.outcomes)


def apply_mapped(source: Source, mapped: MappedPage, families: list[Family]) -> Written:
    """Bring mapped records in, then end and bury what is gone. Locks the resources first."""
    written = Written()
    named = {*mapped.records, *mapped.deletions, *(family.resource for family in families)}
    concerned = [resource for resource in resources if resource.key in named]
    lock_together(resources=concerned, sources=[source])
    for resource in concerned:
        records = mapped.records.get(resource.key, [])
        ending = [family for family in families if family.resource == resource.key]
        if ending:
            records, ended = end_others(resource, source, records, ending)
            mapped.deletions.setdefault(resource.key, []).extend(ended)
        for first in range(0, len(records), MAX_RECORDS):
            written.add(resource, apply_records(resource, source, records[first : first + MAX_RECORDS]))
        for item in _to_bury(resource, source, mapped.deletions.get(resource.key, [])):
            written.counts["deleted"] += _delete(resource, source, item)
    return written


def apply_records(resource: Resource, source: Source, records: list[dict[str, Any]]) -> Outcome:
    """Run one batch of records, up to ``MAX_RECORDS``."""
    decoded = decode_body(msgspec.json.encode(records), resource, lines=False)
    return run_batch(resource=resource, source=source, decoded=decoded)


def _to_bury(resource: Resource, source: Source, items: list[Item]) -> list[Item]:
    """Return those deletions that concern something: lists of what is gone name it each time, and what never came."""
    if not items:
        return []
    names = {
        "source": source,
        "resource": resource.key,
        "external_id__in": [item.external_id for item in items],
    }
    held = set(Link.objects.filter(**names, deleted_at=None).values_list("external_id", flat=True))
    held |= set(PendingRecord.objects.filter(**names).values_list("external_id", flat=True))
    return [item for item in items if item.external_id in held]


def _delete(resource: Resource, source: Source, item: Item) -> int:
    deletion = delete_record(
        resource=resource,
        source=source,
        external_id=item.external_id,
        source_updated_at=item.changed_at,
    )
    return int(deletion.status == DELETED)


def _count(
    run: ConnectorRun,
    target: ConnectedObject,
    page: Page,
    mapped: MappedPage,
    written: Written,
    now: datetime,
) -> None:
    run.pages += 1
    run.rows += len(page.items)
    run.skipped += mapped.skipped
    for name in (*STATUSES, "deleted"):
        setattr(run, name, getattr(run, name) + written.counts[name])
    step = run.progress.setdefault(target.key, {"started": now.isoformat(), "pages": 0, "rows": 0})
    step["pages"] += 1
    step["rows"] += len(page.items)
    step["done"] = page.is_last
    run.cursor_after[target.key] = storable(page.cursor)
    for reason, count in storable(mapped.left_out).items():
        if reason in run.left_out or len(run.left_out) < REASONS:
            run.left_out[reason] = run.left_out.get(reason, 0) + count
    run.samples = [*run.samples, *storable(written.samples)][:SAMPLES]
    run.error = run.remedy = ""
    run.save()
