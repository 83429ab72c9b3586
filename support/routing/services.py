"""Writes of routing: decisions are rows that are added, never edited; the one before ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from accounts.models import Account
from metrics.statements import load
from people.absences.rota import Rota
from people.functions import Function
from people.models import User
from support.models import AccountEngineer, Assignment, SupportTeam, Ticket, WaitingRound
from support.querysets import TicketQuerySet
from support.routing.facts import load_of, read_desk

EDITORS = frozenset({Function.SUPPORT, Function.REVOPS})
REFUSED = "Tickets are for support and RevOps to give. Ask a colleague there."
LONGEST_REASON = 500


@transaction.atomic
def give_ticket(
    *,
    ticket: Ticket,
    engineer: User | None,
    team: SupportTeam | None,
    reason: str,
    by: User,
    seen: int | None = None,
) -> Assignment:
    """Give a ticket to somebody, or into the queue of a team, and say why; return the decision.

    ``seen`` is the key of the decision that the giver saw: of two at once one wins. A limit doesn't bind people.
    Raises ValidationError by field, PermissionDenied for others than support and RevOps.
    """
    if by.function not in EDITORS:
        raise PermissionDenied(REFUSED)
    said = " ".join(reason.split())
    if not said or len(said) > LONGEST_REASON or not said.isprintable():
        raise ValidationError({"reason": f"Say why, in {LONGEST_REASON} letters at most."})
    if engineer is None and team is None:
        raise ValidationError({"engineer": "Choose who gets it, or in which queue it waits."})
    held = Ticket.objects.open_now().select_for_update(of=("self",), no_key=True).filter(pk=ticket.pk).first()
    if held is None:
        raise ValidationError("This ticket is done, so nobody needs to take it.")
    if (
        engineer is None
    ):  # Whoever has room may take it. Marks come before the desk, as those who take them do it.
        mark_to_route(Ticket.objects.filter(pk=held.pk))
    hold_desk()
    rota = Rota.read()
    if engineer is not None and (rota.is_away(engineer.pk) or not engineer.is_active):
        gone = rota.told(engineer.pk) or "not working here any more"
        raise ValidationError({"engineer": f"{engineer} is {gone}. Choose somebody else."})
    before = Assignment.objects.present().filter(ticket=held).select_related("engineer", "team").first()
    if seen is not None and seen != (before.pk if before else 0):
        now = (before.engineer or before.team) if before else "nobody"
        raise ValidationError(f"It is with {now} by now. Nothing was changed; look again.")
    who = (
        "took it"
        if engineer == by
        else f"gave it to {engineer}"
        if engineer
        else f"put it in the queue of {team}"
    )
    reasons = [f"{by} {who}: {said}"]
    if engineer is not None:
        desk = read_desk((), rota, [engineer.pk])
        load, limit = load_of([engineer.pk]).get(engineer.pk, 0), desk.limit_of(engineer.pk)
        reasons.append(f"{engineer} had {load} of {limit} open.")
        key = desk.take(engineer.pk, held.product_area)
        team = team or (SupportTeam.objects.get(pk=key) if key else None)
    row = Assignment(
        ticket=held,
        team=team,
        engineer=engineer,
        cause=Assignment.Cause.HAND,
        reasons=reasons,
        author=by,
        help_desk_email=held.assignee_email,
    )
    write_decisions([row])
    return row


@transaction.atomic
def set_engineers(*, account: Account, named: User | None, others: Iterable[User], by: User) -> None:
    """Say who of support looks after an account: the named engineer, and others of its pod.

    Locks the account's row. Raises ValidationError at ``others`` where the named one is among them.
    """
    if by.function not in EDITORS:
        raise PermissionDenied(REFUSED)
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    wanted = {person.pk: False for person in others}
    if named is not None and named.pk in wanted:
        raise ValidationError({"others": f"{named} is the named engineer already."})
    if named is not None:
        wanted[named.pk] = True
    held = {row.person_id: row for row in AccountEngineer.objects.filter(account=account)}
    with pghistory.context(user=by.pk):
        for key, row in held.items():
            if key not in wanted:
                row.delete()
        # Whoever is named no longer comes first: there is one at a time.
        for key in sorted(wanted, key=lambda each: wanted[each]):
            seat = held.get(key)
            if seat is None:
                AccountEngineer.objects.create(account=account, person_id=key, is_named=wanted[key])
            elif seat.is_named != wanted[key]:
                seat.is_named = wanted[key]
                seat.save(update_fields=["is_named"])


def hold_desk() -> None:
    """Wait for our turn to decide, until this transaction ends: no two ever count a person's open tickets at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('support.routing', 0))")


def write_decisions(made: Sequence[Assignment]) -> None:
    """Add decisions, and end those before them. Called by whoever holds the desk."""
    end_decisions(row.ticket_id for row in made)
    Assignment.objects.bulk_create(made)


def end_decisions(tickets: Iterable[int]) -> int:
    """End the present decisions about tickets; return how many. Called by whoever holds the desk.

    Whoever had one of them has room again, so what waits in queues is tried again.
    """
    ended = Assignment.objects.present().filter(ticket__in=list(tickets))
    if ended.filter(engineer__isnull=False).exists():
        ask_round()
    return ended.update(ended_at=Now())


def ask_round() -> None:
    """Let what waits in queues be tried again. Called by whoever holds the desk."""
    WaitingRound.objects.get_or_create(pk=1)
    WaitingRound.objects.update(asked=F("asked") + 1)


def mark_to_route(tickets: TicketQuerySet) -> int:
    """Let decisions about tickets be looked at with the next sweep; return how many."""
    return load("support", "route_mark", tickets=tickets.values("id")).execute()


def mark_held(decisions: QuerySet[Assignment]) -> int:
    """Let these decisions be looked at with the next sweep; return how many."""
    return mark_to_route(Ticket.objects.filter(pk__in=decisions.values("ticket")))
