"""Take tracked messages in: memberships first, then every event whose account is known, the others wait."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import DatabaseError, transaction
from django.db.models import F

from product.ingest.accounts import Memberships, find_accounts
from product.ingest.messages import EVENT, Body, Message, Refused
from product.ingest.waiting import Awaited, apply_waiting, keep_waiting, rename_awaited
from product.models import AwaitedAccount
from product.resources import UsageEventRecord
from sync.declarations import UNSET
from sync.models import Batch, Source
from sync.pipeline.batch import PENDING, REJECTED, UNCHANGED, Result, Row, Run
from sync.pipeline.decode import Decoded
from sync.pipeline.locks import lock_resource
from sync.pipeline.run import run_batch
from sync.pipeline.validate import validate_rows
from sync.registry import resources

USAGE_EVENTS = "usage-events"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of a call: its batch, counts by status as of any batch, and what was refused."""

    batch_id: int | None
    counts: dict[str, int]
    refused: list[Refused]


class _Sorted(NamedTuple):
    """Events by whether their account is known."""

    records: list[UsageEventRecord]
    waiting: list[tuple[Awaited, UsageEventRecord]]


def take_in(*, source: Source, client_id: int, body: Body) -> Intake:
    """Write what a call brought, in one transaction; events that came before stay as they are.

    Locks the stream of the source. Afterwards applies what had waited for a membership told here.
    """
    with transaction.atomic():
        intake, memberships = _write(source, client_id, body)
    if memberships.regrouped or memberships.renamed:
        try:
            apply_waiting(source=source)
        except DatabaseError:
            # The call itself is in; the beat applies the rest in a minute.
            logger.exception(
                "Could not apply events that waited for a group, after batch %s", intake.batch_id
            )
    return intake


def _write(source: Source, client_id: int, body: Body) -> tuple[Intake, Memberships]:
    resource = resources[USAGE_EVENTS]
    lock_resource(resource, source)
    memberships = Memberships(source, body.messages)
    events: list[tuple[Message, str]] = []
    for message in body.messages:
        if message.kind == EVENT:
            events.append((message, memberships.group_of(message)))
        else:
            memberships.tell(message)
    memberships.save()
    rename_awaited(source, memberships.renamed)
    known, waiting = _sort(source, events, memberships)
    refused = list(body.refused)
    waiting, wrong = _valid(source, waiting, may_hold_nul=body.may_hold_nul)
    refused += wrong
    decoded = Decoded([*known, *[None] * len(refused)], may_hold_nul=body.may_hold_nul)
    for index, item in enumerate(refused, start=len(known)):
        decoded.errors[index] = list(item.errors)
        if item.id is not None:
            decoded.external_ids[index] = item.id
    if not (decoded.records or waiting):
        return Intake(None, {}, []), memberships
    outcome = run_batch(
        resource=resource, source=source, decoded=decoded, client_id=client_id, mode=Batch.Mode.APPEND
    )
    counts = dict(outcome.counts)
    refused += [
        Refused(result.external_id, result.errors)
        for result in outcome.results[: len(known)]
        if result.status == REJECTED
    ]
    batch_id = outcome.batch_id or 0
    if waiting:
        kept = keep_waiting(source=source, batch_id=batch_id, waiting=waiting)
        repeated = len(waiting) - kept
        counts[PENDING] += kept
        counts[UNCHANGED] += repeated
        Batch.objects.filter(pk=batch_id).update(
            pending=F("pending") + kept, unchanged=F("unchanged") + repeated
        )
    return Intake(outcome.batch_id, counts, refused), memberships


def _sort(source: Source, events: list[tuple[Message, str]], memberships: Memberships) -> _Sorted:
    # A user may be put into a group later in the same call.
    grouped = [(message, group or memberships.group_of(message)) for message, group in events]
    accounts = find_accounts(source, {group for _, group in grouped if group}) if grouped else {}
    known: list[UsageEventRecord] = []
    waiting: list[tuple[Awaited, UsageEventRecord]] = []
    for message, group in grouped:
        record = UsageEventRecord(
            external_id=message.id,
            custom=message.custom or UNSET,
            event=message.event,
            occurred_at=message.at,
            user=message.user,
            feature=message.feature,
            quantity=UNSET if message.quantity is None else message.quantity,
            properties=message.document or UNSET,
        )
        account = accounts.get(group) if group else None
        if account is not None:
            record.account = account
            known.append(record)
        else:
            kind = AwaitedAccount.Kind.GROUP if group else AwaitedAccount.Kind.USER
            waiting.append((Awaited(str(kind), group or memberships.name_of(message.who)), record))
    return _Sorted(known, waiting)


def _valid(
    source: Source, waiting: list[tuple[Awaited, UsageEventRecord]], *, may_hold_nul: bool
) -> tuple[list[tuple[Awaited, UsageEventRecord]], list[Refused]]:
    """Check what waits as the pipeline will, so that it tells at once what is wrong with it."""
    if not waiting:
        return [], []
    results = [Result(index, record.external_id, None, "", ()) for index, (_, record) in enumerate(waiting)]
    rows = [Row(index, record, None) for index, (_, record) in enumerate(waiting)]
    run = Run(resources[USAGE_EVENTS], source, str(Batch.Mode.APPEND), rows, results)
    validate_rows(run, may_hold_nul=may_hold_nul)
    fine = [item for item, result in zip(waiting, results, strict=True) if not result.status]
    wrong = [Refused(result.external_id, result.errors) for result in results if result.status]
    return fine, wrong


def now() -> datetime:
    """Return the time of arrival."""
    return datetime.now(UTC)
