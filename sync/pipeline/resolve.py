"""Find what the records stand for: which object each one is, and which ones they point to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import NamedTuple

import msgspec
from django.db import connection
from msgspec import UNSET, UnsetType
from psycopg import sql

from common.sql import fetch_typed, load_sql
from sync.declarations import FieldError, Reference, Resource
from sync.models import Batch, PendingRecord, Source
from sync.pipeline.batch import CREATED, RESTORED, STALE, UNCHANGED, UPDATED, Missing, Row, Run
from sync.pipeline.cycles import refuse_cycles
from sync.pipeline.identity import match_by_key
from sync.pipeline.spans import EVERYTHING, note_held, searched
from sync.pipeline.validate import missing_fields

Pair = tuple[int, str]


def match_rows(run: Run) -> None:
    """Find the object of each external id; drop what is older than the state held.

    A record that waits for another counts as held: a newer record of the same external id is laid over it,
    an older one is stale.
    """
    _lay_over_pending(run)
    held = held_links(
        run.resource, run.source, [row.record.external_id for row in run.rows], searched=searched(run)
    )
    for row in run.rows:
        link = held.get(row.record.external_id)
        if link is None:
            continue
        row.link_id, row.object_id, row.is_shared = link.id, link.object_id, link.is_shared
        held_time, deleted_at = link.source_updated_at, link.deleted_at
        run.results[row.index].id = str(row.object_id)
        if run.mode == Batch.Mode.APPEND:  # what has happened doesn't change
            run.settle(row, UNCHANGED)
            continue
        row.kind = RESTORED if deleted_at else UPDATED
        mine = row.time
        if row.digest or link.has_digest:
            run.touches_links = True
        if mine == held_time and not deleted_at:
            continue
        if mine and held_time and (mine < held_time or (deleted_at and mine == held_time)):
            run.settle(row, STALE)
        elif deleted_at or mine:
            run.touches_links = True
    run.drop_settled()
    match_by_key(run)
    _refuse_incomplete(run)
    note_held(run)


def _refuse_incomplete(run: Run) -> None:
    """Refuse new records where none may be made, or that lack what a new one needs."""
    for row in run.rows:
        if not row.is_new:
            continue
        if run.mode == Batch.Mode.UPDATE_ONLY:
            detail = f"No {run.resource.singular} of this source has this external id."
            run.reject(row, FieldError("external_id", "not_found", detail))
        elif errors := missing_fields(run.resource, row.record):
            run.reject(row, *errors)
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
    _point_lists(run)
    _name_parts(run)
    _number_new(run)


def _lay_over_pending(run: Run) -> None:
    waiting = PendingRecord.objects.filter(source=run.source, resource=run.resource.key)
    if run.mode == Batch.Mode.PENDING:
        run.held_pending = {row.record.external_id for row in run.rows}
        decided = waiting.filter(external_id__in=run.held_pending, is_new=True)
        run.known_new = set(decided.values_list("external_id", flat=True))
        return
    if not run.rows or not waiting.exists():
        return
    by_id = {row.record.external_id: row for row in run.rows}
    for pending in waiting.filter(external_id__in=by_id):
        row = by_id[pending.external_id]
        run.held_pending.add(pending.external_id)
        if pending.is_new:
            run.known_new.add(pending.external_id)
        if row.time and pending.source_updated_at and row.time < pending.source_updated_at:
            run.held_pending.discard(pending.external_id)
            run.settle(row, STALE)
            continue
        earlier = msgspec.convert(pending.payload, run.resource.record)
        sent = row.record.custom
        for name in earlier.__struct_fields__:
            if isinstance(getattr(row.record, name), UnsetType):
                setattr(row.record, name, getattr(earlier, name))
        if isinstance(sent, dict) and isinstance(earlier.custom, dict):
            row.record.custom = {**earlier.custom, **sent}
        # The state that waits keeps its place in time, or an older one could overtake it.
        row.time = row.time or pending.source_updated_at
    run.drop_settled()


class HeldLink(NamedTuple):
    """What is held of an external id: its link, or for a stream the row itself."""

    external_id: str
    id: int
    object_id: int
    source_updated_at: datetime | None
    deleted_at: datetime | None
    has_digest: bool
    is_shared: bool


def held_links(
    resource: Resource,
    source: Source,
    external_ids: list[str],
    *,
    searched: sql.Composable = EVERYTHING,
) -> dict[str, HeldLink]:
    """Return what is held of each external id that is known."""
    if not external_ids:
        return {}
    named = msgspec.json.encode(external_ids).decode()
    if resource.stream:
        query = load_sql("sync", "match_stream", target=sql.Identifier(resource.table), within=searched)
        rows = fetch_typed(query, [source.pk, named])
    else:
        rows = fetch_typed(load_sql("sync", "match"), [source.pk, resource.key, named])
    return {row[0]: HeldLink._make(row) for row in rows}


def _look_up_words(run: Run) -> None:
    for item in run.resource.fields:
        if item.vocabulary is None:
            continue
        sent = {getattr(row.record, item.name) for row in run.rows} - {UNSET, None}
        known = run.words[item.name] = item.vocabulary.load() if sent else {}
        unknown = sent.difference(known)
        if unknown:
            detail = f"No such {item.vocabulary.noun}; there are: {', '.join(known)}."
            for row in run.rows:
                if getattr(row.record, item.name) in unknown:
                    run.reject(row, FieldError(item.name, "unknown_value", detail))


def _read_references(run: Run) -> dict[str, dict[int, Pair]]:
    """Return the (source, external id) that each row names, by field and row index."""
    sources = _Sources(run.source)
    own = run.source.pk
    named: dict[str, dict[int, Pair]] = {}
    for item in run.resource.fields:
        if not item.reference:
            continue
        name = item.name
        pairs = named.setdefault(name, {})
        for row in run.rows:
            value = getattr(row.record, name)
            if value is UNSET or value is None:
                continue
            if isinstance(value, str):
                pairs[row.index] = (own, value)
            elif (source_id := sources.find(value.source)) is not None:
                pairs[row.index] = (source_id, value.external_id)
            else:
                detail = (
                    f"There is no source {value.source!r}; there are: {', '.join(sorted(sources.known))}."
                )
                run.reject(row, FieldError(f"{name}.source", "unknown_source", detail))
    return {name: pairs for name, pairs in named.items() if pairs}


def _point_lists(run: Run) -> None:
    """Turn lists of references into ids, each once; a record of whose list one hasn't arrived waits for that one."""
    sources = _Sources(run.source)
    for item in run.resource.fields:
        if not item.many:
            continue
        pairs = {row.index: _pairs(run, row, item.name, sources) for row in run.rows}
        run.drop_settled()
        found = _links(item.many, {pair for row in run.rows for pair in pairs[row.index]})
        for row in run.rows:
            missing = next((pair for pair in pairs[row.index] if pair not in found), None)
            if missing is not None:
                _wait(run, row, item.name, missing)
            else:
                row.point_all(item.name, list(dict.fromkeys(found[pair] for pair in pairs[row.index])))
        run.drop_settled()


def _name_parts(run: Run) -> None:
    """Let the entries of lists of objects name their records in full; one of which a record hasn't arrived waits."""
    sources = _Sources(run.source)
    for item in run.resource.fields:
        for key, target in (item.parts or {}).items():
            _name_part(run, item.name, key, target, sources)


def _name_part(run: Run, name: str, key: str, target: str, sources: _Sources) -> None:
    pairs: dict[int, dict[int, Pair]] = defaultdict(dict)
    for row in run.rows:
        for place, part in enumerate(getattr(row.record, name) or ()):
            value = getattr(part, key)
            if value is None or value is UNSET:
                continue
            if isinstance(value, str):
                value = Reference(run.source.slug, value)
                setattr(part, key, value)
            source_id = sources.find(value.source)
            if source_id is None:
                detail = (
                    f"There is no source {value.source!r}; there are: {', '.join(sorted(sources.known))}."
                )
                run.reject(row, FieldError(f"{name}[{place}].{key}.source", "unknown_source", detail))
                break
            pairs[row.index][place] = (source_id, value.external_id)
    run.drop_settled()
    found = _links(target, {pair for row in run.rows for pair in pairs[row.index].values()})
    for row in run.rows:
        for place, pair in pairs[row.index].items():
            if pair not in found:
                _wait_for(run, row, f"{name}[{place}].{key}", target, pair)
                break
    run.drop_settled()


def _pairs(run: Run, row: Row, name: str, sources: _Sources) -> list[Pair]:
    """Return the (source, external id) of each entry of a list; refuses the row where a source is unknown."""
    pairs: list[Pair] = []
    for place, value in enumerate(getattr(row.record, name) or ()):
        if isinstance(value, str):
            pairs.append((run.source.pk, value))
        elif (source_id := sources.find(value.source)) is not None:
            pairs.append((source_id, value.external_id))
        else:
            detail = f"There is no source {value.source!r}; there are: {', '.join(sorted(sources.known))}."
            run.reject(row, FieldError(f"{name}[{place}].source", "unknown_source", detail))
            break
    return pairs


class _Sources:
    """The ids of sources by slug, read when another one than the batch's own is named."""

    def __init__(self, own: Source) -> None:
        self.known = {own.slug: own.pk}
        self.complete = False

    def find(self, slug: str) -> int | None:
        if slug not in self.known and not self.complete:
            self.known = dict(Source.objects.values_list("slug", "pk"))
            self.complete = True
        return self.known.get(slug)


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
    query = load_sql("sync", "match")
    return {
        (source_id, row[0]): row[2]
        for source_id, external_ids in by_source.items()
        for row in fetch_typed(query, [source_id, resource, msgspec.json.encode(external_ids).decode()])
    }


def _point(run: Run, named: dict[str, dict[int, Pair]], found: dict[str, dict[Pair, int]]) -> None:
    """Set every row's targets, to a fixpoint where rows of this batch point to each other."""
    own = run.resource.key
    into_batch = [name for name in named if run.resource.references[name] == own]
    while True:
        arriving = {
            (run.source.pk, row.record.external_id): row
            for row in run.rows
            if into_batch and row.link_id is None
        }
        if into_batch and arriving:
            _number_new(run, {pair for name in into_batch for pair in named[name].values()})
        lost: list[Row] = []
        for name, pairs in named.items():
            target_of = run.resource.references[name]
            there = found[target_of]
            for row in run.rows:
                pair = pairs.get(row.index)
                if pair is None or run.results[row.index].status:
                    continue
                target = there.get(pair)
                if target is None and target_of == own and pair in arriving:
                    target = arriving[pair].object_id
                if target is None:
                    _wait(run, row, name, pair)
                    lost.append(row)
                elif _is_merged_with(run, row, pair, target, target_of):
                    setattr(row.record, name, None)
                else:
                    row.point(name, target)
        if into_batch:
            _let_followers_wait(run, into_batch, lost)
        run.drop_settled()
        # Only a refused circle can still take the ground from under others; who waits took theirs along.
        if not into_batch or not refuse_cycles(run, into_batch):
            return


def _is_merged_with(run: Run, row: Row, pair: Pair, target: int, target_of: str) -> bool:
    """Return whether a row names another record that stands for its own object by now, and so none at all."""
    return (
        target_of == run.resource.key
        and target == row.object_id
        and pair != (run.source.pk, row.record.external_id)
    )


def _let_followers_wait(run: Run, into_batch: list[str], lost: list[Row]) -> None:
    """Make rows wait that point to a new row which waits itself, along whole chains at once."""
    followers: dict[str, list[tuple[Row, str]]] = defaultdict(list)
    for row in run.rows:
        for name in into_batch:
            pair = run.named[name].get(row.index)
            if pair is not None and pair[0] == run.source.pk:
                followers[pair[1]].append((row, name))
    while lost:
        gone = lost.pop()
        if gone.link_id is not None:
            continue
        for row, name in followers[gone.record.external_id]:
            if not run.results[row.index].status:
                _wait(run, row, name, (run.source.pk, gone.record.external_id))
                lost.append(row)


def _wait(run: Run, row: Row, name: str, pair: Pair) -> None:
    _wait_for(run, row, name, run.resource.references.get(name) or run.resource.references_many[name], pair)


def _wait_for(run: Run, row: Row, name: str, resource: str, pair: Pair) -> None:
    detail = f"No {name} with external id {pair[1]!r} has arrived from its source yet."
    run.wait(row, Missing(name, resource, pair[0], pair[1], detail))


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
            if not run.results[row.index].status and row.target(name) in lost
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
        if row.kind == CREATED
        and not row.object_id
        and (only is None or (run.source.pk, row.record.external_id) in only)
    ]
    if not new:
        return
    query = "SELECT nextval(%s::regclass) FROM generate_series(1, %s)"
    numbers = fetch_typed(query, [_sequence(run.resource.table), len(new)])
    for row, (number,) in zip(new, numbers, strict=True):
        row.object_id = number


@cache
def _sequence(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
        return str(cursor.fetchone()[0])
