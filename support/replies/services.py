"""The one write: an answer with all that goes with it, in one transaction, once for each form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from common.formatting import format_datetime
from people.access import access_of
from people.functions import Function
from people.models import Category, User
from support.models import EventKind, Priority, Status, Ticket, TicketEvent
from support.models.tickets import LONGEST_BODY
from support.querysets import DONE
from sync.events import Told, emit_many
from sync.models import OWN_SLUG, Link
from sync.own import OwnRecordsError, send_own_records
from sync.pipeline.locks import lock_together
from sync.registry import resources

EVENTS, TICKETS = "ticket-events", "tickets"
RECORDED = "ticket.recorded"
# Who talks with customers, and who adds what colleagues should know.
ANSWERERS = frozenset({Function.SUPPORT, Function.CUSTOMER_SUCCESS, Function.REVOPS})
NOTERS = ANSWERERS | {Function.PRODUCT, Function.ENGINEERING}
REFUSED_ANSWER = (
    "Replies, status and priority are for support, customer success and RevOps. "
    "Leave a note, or ask a colleague there."
)
REFUSED_NOTE = (
    "Notes on tickets are for support, customer success, product, engineering and RevOps, "
    "as far as they read tickets."
)
_WRITTEN = (EventKind.AGENT_REPLY, EventKind.NOTE)
# What an agent can say of a ticket; new and closed are the help desk's own words.
SETTABLE = (Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.SOLVED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What somebody wants to record.

    ``kind`` is an agent's reply or a note; ``body`` may be empty where ``status`` or ``priority`` become others than
    ``seen_status`` and ``seen_priority``, which the writer had before them. ``seen`` is the newest event that they
    saw, 0 for none. ``key`` is the form's own: what comes with it again is the same answer.
    """

    kind: str
    body: str
    status: str
    priority: str
    key: UUID
    seen: int
    seen_status: str
    seen_priority: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an answer; ``is_repeat`` where it had been recorded already."""

    kinds: tuple[str, ...]
    is_repeat: bool = False


def may_answer(user: User) -> bool:
    """Return whether somebody writes to customers, and says where a ticket stands."""
    return user.function in ANSWERERS and access_of(user.function).allows(Category.SUPPORT_HISTORY)


def may_note(user: User) -> bool:
    """Return whether somebody leaves notes on tickets."""
    return user.function in NOTERS and access_of(user.function).allows(Category.SUPPORT_HISTORY)


@transaction.atomic
def record_answer(*, ticket: Ticket, answer: Answer, by: User) -> Recorded:
    """Record an answer as events of the source ``abe``, and what it changes of the ticket.

    Once for each key: a second call says what the first did. Raises PermissionDenied, and ValidationError by field:
    without one where somebody answered, or changed the same, meanwhile.
    """
    if not may_note(by):
        raise PermissionDenied(REFUSED_NOTE)
    lock_together(resources=[resources[TICKETS], resources[EVENTS]], sources=[])
    held = Ticket.objects.live().select_related("account").get(pk=ticket.pk)
    asked = dict(_events(answer, _cleaned(answer.body)))
    # What somebody else did meanwhile just so needn't be done again.
    there: dict[str, str] = {EventKind.STATUS: held.status, EventKind.PRIORITY: held.priority}
    wanted = {kind: text for kind, text in asked.items() if there.get(kind) != text}
    if (repeat := _recorded_before(held, answer, asked, wanted)) is not None:
        return repeat
    if not may_answer(by) and set(wanted) - {EventKind.NOTE}:
        raise PermissionDenied(REFUSED_ANSWER)
    if asked and not wanted:
        return Recorded(())
    _refuse_wrong(held, answer, wanted)
    _refuse_overtaken(held, answer, wanted)
    at = max(timezone.now(), held.opened_at)
    _change_ticket(held, wanted, at, by)
    names = _write_events(held, answer, wanted, at, by)
    _tell(held, names, wanted, at, by)
    return Recorded(tuple(wanted))


def _cleaned(body: str) -> str:
    return body.replace("\r\n", "\n").replace("\r", "\n").strip()


def _events(answer: Answer, body: str) -> Iterator[tuple[str, str]]:
    """Yield each kind of event that an answer makes with its text or value."""
    if body:
        yield answer.kind, body
    if answer.status != answer.seen_status:
        yield EventKind.STATUS, answer.status
    if answer.priority != answer.seen_priority:
        yield EventKind.PRIORITY, answer.priority


def _name(key: UUID, kind: str) -> str:
    return f"{key.hex}-{kind}"


def _recorded_before(
    held: Ticket, answer: Answer, asked: dict[str, str], wanted: dict[str, str]
) -> Recorded | None:
    """Return what the same form recorded before, None where nothing; other words under its key are refused.

    What it ``asked`` for need not all be recorded: somebody else may have done a part of it.
    """
    names = [_name(answer.key, kind) for kind in EventKind.values]
    links = Link.objects.filter(source__slug=OWN_SLUG, resource=EVENTS, external_id__in=names)
    found = {link.object_id: link.external_id.rpartition("-")[2] for link in links}
    if not found:
        return None
    rows = TicketEvent.objects.filter(pk__in=found).only("ticket_id", "kind", "body", "value")
    there = {row.kind: row.body if row.kind in _WRITTEN else row.value for row in rows}
    is_other = any(row.ticket_id != held.pk or asked.get(row.kind) != there[row.kind] for row in rows)
    if is_other or set(wanted) - set(there):
        raise ValidationError(
            "This form has been sent already, with other words. Look at what stands below, and send again what "
            "is missing."
        )
    return Recorded(tuple(found.values()), is_repeat=True)


def _refuse_wrong(held: Ticket, answer: Answer, wanted: dict[str, str]) -> None:
    """Raise ValidationError by field for what can't be recorded on this ticket."""
    if not wanted:
        raise ValidationError({"body": "Write something, or choose another status or priority."})
    if answer.kind not in _WRITTEN:
        raise ValidationError({"kind": "Choose who reads it: the customer, or colleagues only."})
    body = wanted.get(answer.kind, "")
    if len(body) > LONGEST_BODY:
        raise ValidationError(
            {"body": f"It has {len(body):,} letters; {LONGEST_BODY:,} fit. Shorten it, or send it in two."}
        )
    if "\x00" in body:
        raise ValidationError({"body": "It holds a character that is no text. Paste it as plain text."})
    if EventKind.STATUS in wanted and wanted[EventKind.STATUS] not in SETTABLE:
        words = ", ".join(str(one.label).lower() for one in SETTABLE)
        raise ValidationError({"status": f"Choose one of: {words}."})
    if EventKind.PRIORITY in wanted and wanted[EventKind.PRIORITY] not in Priority.values:
        raise ValidationError({"priority": "Choose one of the list."})
    if held.status == Status.CLOSED and set(wanted) - {EventKind.NOTE}:
        raise ValidationError(
            "The help desk has closed this ticket, so it takes no more replies and changes. Leave a note, or ask the "
            "customer to open a new one."
        )


def _refuse_overtaken(held: Ticket, answer: Answer, wanted: dict[str, str]) -> None:
    """Raise ValidationError where somebody answered, or changed the same, since the writer looked."""
    for kind, seen, now, words in (
        (EventKind.STATUS, answer.seen_status, held.status, Status),
        (EventKind.PRIORITY, answer.seen_priority, held.priority, Priority),
    ):
        if kind in wanted and now not in (seen, wanted[kind]):
            raise ValidationError(
                {kind.value: f"It became {words(now).label.lower()} meanwhile. Choose again, or leave it so."}
            )
    if EventKind.AGENT_REPLY not in wanted:
        return
    replies = TicketEvent.objects.filter(
        ticket=held,
        deleted_at=None,
        pk__gt=answer.seen,
        kind__in=(EventKind.AGENT_REPLY, EventKind.CUSTOMER_REPLY),
    )
    if (newer := replies.order_by("-occurred_at", "-pk").first()) is not None:
        email = newer.author_email or newer.value
        who = User.objects.filter(email=email).values_list("name", flat=True).first() or email or "Somebody"
        did = "answered" if newer.kind == EventKind.AGENT_REPLY else "wrote as the customer"
        raise ValidationError(
            f"{who} {did} meanwhile, {format_datetime(newer.occurred_at)}. Nothing was sent and your text is kept: "
            "read theirs below, then send yours if it is still right.",
            code="overtaken",
        )


def _change_ticket(held: Ticket, wanted: dict[str, str], at: datetime, by: User) -> None:
    """Say as ``abe`` what becomes of the ticket itself."""
    said: dict[str, Any] = {}
    if (status := wanted.get(EventKind.STATUS)) is not None and status != held.status:
        said["status"] = status
        if status in DONE:
            said["solved_at"] = at
        elif held.status in DONE or held.solved_at is not None:
            said["solved_at"] = None
    if (priority := wanted.get(EventKind.PRIORITY)) is not None and priority != held.priority:
        said["priority"] = priority
    if EventKind.AGENT_REPLY in wanted and held.first_replied_at is None and not _was_answered(held):
        said["first_replied_at"] = at
    if not said:
        return
    own = Link.objects.filter(source__slug=OWN_SLUG, resource=TICKETS, object_id=held.pk).first()
    name = own.external_id if own is not None else f"ticket-{held.pk}"
    _send(TICKETS, [{"external_id": name, **said}], by, about={name: held.pk})


def _was_answered(held: Ticket) -> bool:
    replies = TicketEvent.objects.filter(ticket=held, deleted_at=None, kind=EventKind.AGENT_REPLY)
    return replies.exists()


def _write_events(
    held: Ticket, answer: Answer, wanted: dict[str, str], at: datetime, by: User
) -> dict[str, str]:
    """Write the events of an answer; return the external id of each by kind."""
    names = {kind: _name(answer.key, kind) for kind in wanted}
    records = [
        {
            "external_id": names[kind],
            "ticket": held.pk,
            "kind": str(kind),
            "occurred_at": at,
            "author_email": by.email,
            "echo_of": names[kind],
            **({"body": text} if kind in _WRITTEN else {"value": text}),
        }
        for kind, text in wanted.items()
    ]
    _send(EVENTS, records, by)
    return names


def _send(
    resource: str, records: list[dict[str, Any]], by: User, *, about: dict[str, int] | None = None
) -> None:
    """Write own records; what the pipeline refuses is said beside the field that it names."""
    try:
        send_own_records(resource, records, by=by, about=about)
    except OwnRecordsError as error:
        raise ValidationError(error.messages) from error


def _tell(held: Ticket, names: dict[str, str], wanted: dict[str, str], at: datetime, by: User) -> None:
    """Let other systems know, so that the help desk can take it over at once."""
    links = Link.objects.filter(resource=TICKETS, object_id=held.pk, deleted_at=None).exclude(
        source__slug=OWN_SLUG
    )
    ticket = {
        "id": str(held.pk),
        "external_ids": [
            {"source": slug, "external_id": name}
            for slug, name in links.order_by("pk").values_list("source__slug", "external_id")
        ],
    }
    told = [
        Told(
            held.account_id,
            {
                "ticket": ticket,
                "event": {
                    "external_id": names[kind],
                    "kind": str(kind),
                    "occurred_at": at.isoformat(),
                    "value": "" if kind in _WRITTEN else text,
                    "body": text if kind in _WRITTEN else "",
                    "author_email": by.email,
                },
            },
            dict.fromkeys(("ticket", "event"), Category.SUPPORT_HISTORY.value),
        )
        for kind, text in wanted.items()
    ]
    emit_many(event=RECORDED, told=told)
