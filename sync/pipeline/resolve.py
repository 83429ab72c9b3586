"""Find what the records stand for: which object each one is, and which ones they point to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from django.db import connection
from msgspec import UNSET, UnsetType
from psycopg import sql

from common.sql import load_sql
from sync.declarations import FieldError, Reference, Resource
from sync.models import Batch, Change, PendingRecord, Source
from sync.pipeline.batch import STALE, Missing, Row, Run
from sync.pipeline.cycles import refuse_cycles
from sync.pipeline.validate import missing_fields

Pair = tuple[int, str]


def match_rows(run: Run) -> None:
    """Find the object of each external id; drop what is older than the state held.

    A record that waits for another counts as held: a newer record of the same external id is laid over it,
    an older one is stale.
    """
    _lay_over_pending(run)
    held = held_links(run.resource, run.source, [row.record.external_id for row in run.rows])
    for row in run.rows:
        link = held.get(row.record.external_id)
        if link is None:
            if run.mode == Batch.Mode.UPDATE_ONLY:
                detail = f"No {run.resource.singular} of this source has this external id."
                run.reject(row, FieldError("external_id", "not_found", detail))
            elif errors := missing_fields(run.resource, row.record):
                run.reject(row, *errors)
            continue
        row.link_id, row.object_id, held_time, deleted_at = link
        run.results[row.index].id = str(row.object_id)
        row.kind = Change.Kind.RESTORED.value if deleted_at else Change.Kind.UPDATED.value
        mine = row.source_time
        if mine and held_time and (mine < held_time or (deleted_at and mine == held_time)):
            run.settle(row, STALE)
        elif deleted_at or (mine and mine != held_time):
            run.touches_links = True
    run.drop_settled()


def resolve_rows(run: Run) -> None:
    """Turn references and words of vocabularies into ids.

    A record that names an unknown source or word is refused; one whose reference hasn't arrived waits.
    References among the records of this batch are resolved too, however long the chain.
    """
    _look_up_words(run)
    named = run.named = _read_references(run)
    run.drop_settled()
    if named:
        found = {
            key: _links(key, {pair for wanted in by_field.values() for pair in wanted.values()})
            for key, by_field in _by_resource(run.resource, named).items()
        }
        _point(run, named, found)
        run.drop_settled()
    _number_new(run)


def _lay_over_pending(run: Run) -> None:
    if run.mode == Batch.Mode.PENDING:
        run.held_pending = {row.record.external_id for row in run.rows}
        return
    waiting = PendingRecord.objects.filter(source=run.source, resource=run.resource.key)
    if not run.rows or not waiting.exists():
        return
    by_id = {row.record.external_id: row for row in run.rows}
    for pending in waiting.filter(external_id__in=by_id):
        row = by_id[pending.external_id]
        run.held_pending.add(pending.external_id)
        if row.source_time and pending.source_updated_at and row.source_time < pending.source_updated_at:
            run.held_pending.discard(pending.external_id)
            run.settle(row, STALE)
            continue
        earlier = msgspec.convert(pending.payload, run.resource.record)
        for name in earlier.__struct_fields__:
            if isinstance(getattr(row.record, name), UnsetType):
                setattr(row.record, name, getattr(earlier, name))
    run.drop_settled()


def held_links(
    resource: Resource, source: Source, external_ids: list[str]
) -> dict[str, tuple[int, int, datetime | None, datetime | None]]:
    """Return (link id, object id, source time, tombstone) of each external id that is known."""
    if not external_ids:
        return {}
    with connection.cursor() as cursor:
        if resource.stream:
            query = load_sql("sync", "match_stream", target=sql.Identifier(resource.table))
            cursor.execute(query, [source.pk, external_ids])
        else:
            cursor.execute(load_sql("sync", "match"), [source.pk, resource.key, external_ids])
        return {row[0]: row[1:] for row in cursor.fetchall()}


def _look_up_words(run: Run) -> None:
    for item in run.resource.fields:
        if item.vocabulary is None:
            continue
        known: Mapping[str, int] | None = None
        for row in run.rows:
            word = getattr(row.record, item.name)
            if word is UNSET:
                continue
            if word is None:
                row.targets[item.name] = None
                continue
            known = item.vocabulary.load() if known is None else known
            if word in known:
                row.targets[item.name] = known[word]
            else:
                detail = f"No such {item.vocabulary.noun}; there are: {', '.join(known)}."
                run.reject(row, FieldError(item.name, "unknown_value", detail))


def _read_references(run: Run) -> dict[str, dict[int, Pair]]:
    """Return the (source, external id) that each row names, by field and row index."""
    sources = {run.source.slug: run.source.pk}
    complete = False
    named: dict[str, dict[int, Pair]] = {}
    for item in run.resource.fields:
        if not item.reference:
            continue
        pairs = named.setdefault(item.name, {})
        for row in run.rows:
            value = getattr(row.record, item.name)
            if isinstance(value, str):
                pairs[row.index] = (run.source.pk, value)
            elif isinstance(value, Reference):
                if value.source not in sources and not complete:
                    sources = dict(Source.objects.values_list("slug", "pk"))
                    complete = True
                if value.source in sources:
                    pairs[row.index] = (sources[value.source], value.external_id)
                else:
                    detail = f"There is no source {value.source!r}; there are: {', '.join(sorted(sources))}."
                    run.reject(row, FieldError(f"{item.name}.source", "unknown_source", detail))
            elif value is None:
                row.targets[item.name] = None
    return named


def _by_resource(
    resource: Resource, named: dict[str, dict[int, Pair]]
) -> dict[str, dict[str, dict[int, Pair]]]:
    by_resource: dict[str, dict[str, dict[int, Pair]]] = defaultdict(dict)
    for name, pairs in named.items():
        by_resource[resource.references[name]][name] = pairs
    return by_resource


def _links(resource: str, pairs: Iterable[Pair]) -> dict[Pair, int]:
    by_source: dict[int, list[str]] = defaultdict(list)
    for source_id, external_id in pairs:
        by_source[source_id].append(external_id)
    found: dict[Pair, int] = {}
    with connection.cursor() as cursor:
        for source_id, external_ids in by_source.items():
            cursor.execute(load_sql("sync", "match"), [source_id, resource, external_ids])
            found |= {(source_id, row[0]): row[2] for row in cursor.fetchall()}
    return found


def _point(run: Run, named: dict[str, dict[int, Pair]], found: dict[str, dict[Pair, int]]) -> None:
    """Set every row's targets, to a fixpoint where rows of this batch point to each other."""
    own = run.resource.key
    into_batch = [name for name in named if run.resource.references[name] == own]
    while True:
        arriving = {(run.source.pk, row.record.external_id): row for row in run.rows if row.is_new}
        if into_batch and arriving:
            _number_new(run, {pair for name in into_batch for pair in named[name].values()})
        settled = 0
        for row in run.rows:
            for name, pairs in named.items():
                pair = pairs.get(row.index)
                if pair is None:
                    continue
                target_of = run.resource.references[name]
                target = found[target_of].get(pair)
                if target is None and target_of == own and pair in arriving:
                    target = arriving[pair].object_id
                if target is None:
                    _wait(run, row, name, pair)
                    settled += 1
                    break
                row.targets[name] = target
        run.drop_settled()
        if into_batch:
            settled += refuse_cycles(run, into_batch)
        if not into_batch or not settled:
            return


def _wait(run: Run, row: Row, name: str, pair: Pair) -> None:
    detail = f"No {name} with external id {pair[1]!r} has arrived from its source yet."
    run.wait(row, Missing(name, run.resource.references[name], pair[0], pair[1], detail))


def wait_for_refused(run: Run) -> set[int]:
    """Make rows wait that point to a new row of this batch which was refused since; return their indexes."""
    into_batch = [name for name in run.named if run.resource.references[name] == run.resource.key]
    waiting: set[int] = set()
    while into_batch:
        lost = {row.object_id for row in run.rows if row.is_new and run.results[row.index].status}
        more = [
            (row, name)
            for row in run.rows
            for name in into_batch
            if not run.results[row.index].status and row.targets.get(name) in lost
        ]
        for row, name in more:
            if not run.results[row.index].status:
                _wait(run, row, name, run.named[name][row.index])
                waiting.add(row.index)
        if not more:
            break
    return waiting


def _number_new(run: Run, only: set[Pair] | None = None) -> None:
    """Give new rows the id that they will have, so that others of the batch can point to them."""
    new = [
        row
        for row in run.rows
        if row.is_new
        and not row.object_id
        and (only is None or (run.source.pk, row.record.external_id) in only)
    ]
    if not new:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [run.resource.table, len(new)],
        )
        for row, (number,) in zip(new, cursor.fetchall(), strict=True):
            row.object_id = number
