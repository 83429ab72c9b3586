"""Writes about imported files, from upload to the last block."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from sync.files.plan import Plan, Problem, check_plan, plan_of
from sync.files.reading import Reading
from sync.files.saved import remember_plan
from sync.files.storage import RowReport, pack_report, report_of, store_parts
from sync.models import Import, Source
from sync.pipeline.batch import PENDING
from sync.registry import resources
from sync.services import ensure_source

MOST_BYTES = 100 * 1024 * 1024
# Rejected rows can be fetched and a dry run looked at for so long; batches and changes stay for ever.
KEEP_CELLS = timedelta(days=30)

State = Import.State
BEFORE_IMPORT = (State.MAPPING, State.CHECKED)


class WrongStateError(Exception):
    """The import is past the point where this can be done; the text says so."""


@transaction.atomic
def create_import(
    *,
    source: str,
    resource: str,
    file_name: str,
    pieces: Iterable[bytes],
    by: Any = None,
    reading: Reading | None = None,
) -> Import:
    """Keep an uploaded file, to be read by ``read_import``.

    Raises ValidationError naming the field for a malformed source, an unknown resource, an empty file or one
    over the limit.
    """
    if resource not in resources:
        raise ValidationError({"resource": f"Choose one of: {', '.join(item.key for item in resources)}."})
    owner: Source = ensure_source(slug=source)
    name = file_name.replace("\x00", "").replace("\\", "/").rsplit("/", 1)[-1][-255:] or "file"
    imported = Import.objects.create(
        source=owner,
        resource=resource,
        file_name=name,
        size=0,
        digest=b"",
        created_by=by,
        reading=msgspec.to_builtins(reading or Reading()),
    )
    imported.size, imported.digest = store_parts(imported, _limited(pieces))
    if not imported.size:
        raise ValidationError({"file": "The file is empty. Choose one with a heading and rows below it."})
    imported.save(update_fields=["size", "digest"])
    return imported


def _limited(pieces: Iterable[bytes]) -> Iterable[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MOST_BYTES:
            raise ValidationError({"file": too_large()})
        yield piece


def too_large() -> str:
    """Say that a file is over the limit, and what to do."""
    return f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it and upload the parts."


@transaction.atomic
def read_again(
    *, imported: Import, encoding: str = "", delimiter: str = "", sheet: str = "", heading: str = ""
) -> None:
    """Let the file be read in another way. What isn't named is found out anew; the plan is suggested anew."""
    held = _held(imported, (*BEFORE_IMPORT, State.UNREADABLE))
    before = msgspec.convert(held.reading, Reading)
    reading = Reading(
        encoding=encoding,
        delimiter=delimiter,
        sheet=sheet,
        sheets=before.sheets,
        heading=heading,
        kind=before.kind,
    )
    held.blocks.all().delete()
    _move(
        held,
        State.READING,
        reading=msgspec.to_builtins(reading),
        rows=0,
        rows_done=0,
        error="",
        plan={},
        columns=[],
    )
    imported.refresh_from_db()


def problems_of(imported: Import, plan: Plan) -> list[Problem]:
    """Return what keeps a plan from being carried out on the file as read."""
    names = [column["name"] for column in imported.columns]
    problems = check_plan(resources[imported.resource], names, imported.columns, plan)
    if imported.reading.get("heading") == "ask":
        problems.insert(0, Problem(None, "heading", "Say whether the first row is a heading or a record."))
    return problems


@transaction.atomic
def save_plan(*, imported: Import, plan: Plan) -> None:
    """Keep what a person has chosen, right or wrong, so that nothing chosen is lost; a dry run is void then."""
    held = _held(imported, BEFORE_IMPORT)
    stored = msgspec.to_builtins(plan)
    if stored != held.plan:
        held.blocks.update(report=None, counts={})
        _move(held, State.MAPPING, plan=stored, expected={}, rows_done=0)
    imported.refresh_from_db()


@transaction.atomic
def back_to_columns(*, imported: Import) -> None:
    """Go back from a dry run to its columns; the report stays until something is chosen differently."""
    held = _held(imported, BEFORE_IMPORT)
    _move(held, State.MAPPING)
    imported.refresh_from_db()


@transaction.atomic
def begin_check(*, imported: Import, by: Any = None) -> None:
    """Start the dry run and remember the plan. Raises ValidationError where the plan can't be carried out."""
    held = _held(imported, BEFORE_IMPORT)
    plan = plan_of(held.plan)
    _refuse_problems(held, plan)
    held.blocks.update(report=None, counts={})
    names = [column["name"] for column in held.columns]
    remember_plan(source=held.source, resource=held.resource, names=names, plan=plan, by=by)
    _move(held, State.CHECKING, rows_done=0, expected={}, error="")
    imported.refresh_from_db()


@transaction.atomic
def begin_import(*, imported: Import, seen: str | None = None) -> None:
    """Start the import, or go on with a stopped one. Raises ValidationError where the plan can't be carried out.

    ``seen`` is the ``version`` of it that a person has looked at and agrees to; WrongStateError where it is another
    by now.
    """
    held = _held(imported, (*BEFORE_IMPORT, State.STOPPED))
    if seen is not None and seen != held.version:
        raise WrongStateError(
            "Somebody has changed this import in the meantime. Look at it again, then start it."
        )
    _refuse_problems(held, plan_of(held.plan))
    done = sum(held.blocks.exclude(batch=None).values_list("rows", flat=True))
    started = held.started_at or timezone.now()
    _move(held, State.IMPORTING, rows_done=done, started_at=started, finished_at=None, error="")
    imported.refresh_from_db()


@transaction.atomic
def stop_import(*, imported: Import) -> None:
    """Stop before the next block; what is in stays in and can be undone, the rest can be brought in later."""
    held = _held(imported, (State.IMPORTING,))
    _move(held, State.STOPPED)
    imported.refresh_from_db()


@transaction.atomic
def discard_import(*, imported: Import) -> None:
    """Throw away an import that has brought nothing in."""
    held = _held(imported, (*BEFORE_IMPORT, State.READING, State.UNREADABLE, State.CHECKING))
    held.delete()


def drop_old_cells() -> int:
    """Throw away the bytes and cells of imports that nobody has touched for long; return how many.

    Of what waited the ids stay: it may have been applied since, and is taken back with the rest.
    """
    old = Import.objects.filter(dropped_at=None, step_at__lt=timezone.now() - KEEP_CELLS).exclude(
        state__in=Import.BUSY
    )
    dropped = 0
    for pk in old.values_list("pk", flat=True):
        with transaction.atomic():
            # Somebody may have gone on with it a moment ago.
            imported = old.select_for_update(of=("self",)).filter(pk=pk).first()
            if imported is None:
                continue
            imported.parts.all().delete()
            for block in imported.blocks.filter(counts__has_key=PENDING).defer("cells"):
                waited = [row for row in report_of(block) if row.status == PENDING]
                block.report = pack_report([RowReport(row.status, row.external_id) for row in waited])
                block.save(update_fields=["report"])
            imported.blocks.exclude(counts__has_key=PENDING).update(report=None)
            imported.blocks.update(cells=b"")
            Import.objects.filter(pk=pk).update(dropped_at=timezone.now())
        dropped += 1
    return dropped


def _refuse_problems(imported: Import, plan: Plan) -> None:
    if problems := problems_of(imported, plan):
        raise ValidationError([problem.detail for problem in problems])


def _held(imported: Import, states: Iterable[str]) -> Import:
    held = Import.objects.select_for_update().filter(pk=imported.pk, dropped_at=None).first()
    if held is None:
        raise WrongStateError(
            "This import isn't there any more, or its cells were thrown away after 30 days."
        )
    if held.state not in states:
        raise WrongStateError(f"This can't be done now: the import is at “{held.get_state_display()}”.")
    return held


def _move(imported: Import, state: str, **values: Any) -> None:
    values = {"state": state, "step_at": timezone.now(), **values}
    for name, value in values.items():
        setattr(imported, name, value)
    imported.save(update_fields=list(values))
