"""What another order of the sources would change, shown before it is saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, transaction

from sync.declarations import Resource
from sync.models import Change
from sync.provenance.reading import Shown, label_of
from sync.provenance.services import set_precedence
from sync.provenance.settling import count_shared, settle_shared

EXAMPLES = 25


@dataclass(frozen=True, slots=True)
class Example:
    """One value that would change."""

    object_id: int
    label: str
    before: Any
    after: Any
    name: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """How many records have several sources, how many would change, and the first of them."""

    shared: int
    changed: int
    examples: tuple[Example, ...]


def preview_precedence(*, resource: Resource, field: str, sources: Sequence[str]) -> Preview:
    """Return what ``set_precedence`` would change, having done and undone it. Locks the resource meanwhile.

    Raises ValidationError as ``set_precedence`` does.
    """
    with transaction.atomic():
        set_precedence(resource=resource, field=field, sources=sources)
        changed = settle_shared(resource=resource)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text::bigint")
            (xid,) = cursor.fetchone()
        changes = list(
            Change.objects.filter(resource=resource.key, xid=xid, source=None).order_by("pk")[:EXAMPLES]
        )
        examples = _examples(resource, changes)
        shared = count_shared(resource)
        transaction.set_rollback(True)
    # Read once all is undone: a record is known by what it is called now, not by what it would be.
    return Preview(shared, changed, tuple(_named(resource, examples)))


def _named(resource: Resource, examples: Sequence[Example]) -> Iterator[Example]:
    records = resource.model._base_manager.in_bulk({example.object_id for example in examples})  # noqa: SLF001
    for example in examples:
        record = records[example.object_id]
        address = getattr(record, "get_absolute_url", None)
        yield replace(example, name=str(record), url=address() if address else "")


def _examples(resource: Resource, changes: Sequence[Change]) -> list[Example]:
    shown = Shown(resource)
    found = []
    for change in changes:
        for name, after in (change.after or {}).items():
            before = (change.before or {}).get(name)
            found.append(
                Example(
                    object_id=change.object_id,
                    label=label_of(name),
                    before=shown.of(name, before),
                    after=shown.of(name, after),
                )
            )
    return found[:EXAMPLES]
