"""Writes of routing: decisions are rows that are added, never edited; the one before ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pghistory
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import F, FilteredRelation, Q, QuerySet
from django.db.models.functions import Now

from accounts.models import Account
from people.absences.rota import Rota
from people.functions import Function
from people.models import User
from support.models import AccountEngineer, Assignment, SupportTeam, Ticket
from support.routing.engine import Asked, Desk
from support.routing.facts import accounts_of, load_of, read_desk, rows_in_force, seats_of

EDITORS = frozenset({Function.SUPPORT, Function.REVOPS})
REFUSED = "Tickets are for support and RevOps to give. Ask a colleague there."
IN_HELP_DESK = "Assigned in the help desk."
# Tickets of one transaction: few enough that whoever gives one by hand waits for less than a second.
CHUNK = 500
LONGEST_REASON = 500


def route_waiting() -> int:
    """Route every open ticket that has nobody who can go on with it; return how many were decided.

    What is to be done is read from the tickets themselves, so nothing is lost with a broker or a worker; any number
    may run at once. Whoever the help desk names anew, and who is here, gets the ticket.
    """
    end_done()
    done, last = 0, 0
    while True:
        with transaction.atomic():
            found = list(in_need(Rota.read()).filter(pk__gt=last).order_by("pk")[:CHUNK])
            if not found:
                return done
            done += _route(_locked(found))
        last = found[-1].pk


def end_done() -> int:
    """End the present assignments of tickets that are done or gone; return how many."""
    is_open = Ticket.objects.open_now().values("pk")
    return Assignment.objects.present().exclude(ticket__in=is_open).update(ended_at=Now())


def in_need(rota: Rota) -> QuerySet[Ticket]:
    """Return the open tickets about which something is to be decided: nobody has them, whoever does is away or has
    left, or the help desk names somebody else than when it was decided."""
    held = FilteredRelation("assignments", condition=Q(assignments__ended_at=None))
    tickets = Ticket.objects.open_now().annotate(held=held)
    return tickets.filter(
        Q(held__pk=None)
        | Q(held__engineer=None)
        | Q(held__engineer__in=list(rota.away))
        | Q(held__engineer__is_active=False)
        | ~Q(held__help_desk_email=F("assignee_email"))
    )


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
    _lock()
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
    _write([row])
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


def _locked(tickets: Sequence[Ticket]) -> list[Ticket]:
    """Return those tickets that no other worker has in hand, locked, and wait for our turn to decide.

    Tickets are locked first and never waited for; then one lock is, so that no two ever count a person's open tickets
    at once.
    """
    keys = [ticket.pk for ticket in tickets]
    rows = Ticket.objects.open_now().filter(pk__in=keys).order_by("pk")
    held = list(rows.select_for_update(of=("self",), no_key=True, skip_locked=True))
    _lock()
    return held


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('support.routing', 0))")


def _route(tickets: Sequence[Ticket]) -> int:
    """Decide about locked tickets; return how many decisions were written."""
    rota = Rota.read()
    # Read after the locks, since another worker may have decided between.
    keys = [ticket.pk for ticket in tickets]
    held = {row.ticket_id: row for row in Assignment.objects.present().filter(ticket__in=keys)}
    emails = {ticket.assignee_email for ticket in tickets} - {""}
    known = {user.email: user for user in User.objects.filter(email__in=emails, is_active=True)}
    seats = seats_of(ticket.account_id for ticket in tickets)
    rows = rows_in_force()
    others = {row.engineer_id for row in held.values() if row.engineer_id}
    others |= {user.pk for user in known.values()}
    others |= {key for one in seats.values() for key in (one.named, *one.pod) if key}
    desk = read_desk(rows, rota, others)
    holds = accounts_of(rows, {ticket.account_id for ticket in tickets})
    made: list[Assignment] = []
    heard: list[Assignment] = []
    waiting: list[tuple[Ticket, Assignment | None, int | None]] = []
    for ticket in tickets:
        before, named = held.get(ticket.pk), known.get(ticket.assignee_email)
        is_new = before is None or before.help_desk_email != ticket.assignee_email
        if before is not None and is_new:
            before.help_desk_email = ticket.assignee_email
            heard.append(before)
        if is_new and named is not None and not rota.is_away(named.pk):
            if before is None or before.engineer_id != named.pk:
                made.append(_from_help_desk(ticket, named, desk, before))
            continue
        has = before.engineer_id if before else None
        is_gone = has is not None and (desk.people[has].away != "" or not desk.people[has].is_active)
        if has is None or is_gone:
            away = named.pk if is_new and named is not None else None
            waiting.append((ticket, before, has if is_gone else away))
    for ticket, before, gone in waiting:
        seat = seats.get(ticket.account_id)
        asked = Asked(
            area=ticket.product_area,
            priority=ticket.priority,
            holds=holds[ticket.account_id],
            named=seat.named if seat else None,
            pod=seat.pod if seat else (),
            before=gone,
        )
        choice = desk.route(asked)
        if before is not None and (before.engineer_id, before.team_id) == (choice.person, choice.team):
            continue
        made.append(
            Assignment(
                ticket=ticket,
                team_id=choice.team,
                engineer_id=choice.person,
                rule_id=choice.rule,
                cause=Assignment.Cause.RULES if gone is None else Assignment.Cause.ABSENCE,
                reasons=list(choice.reasons),
                help_desk_email=ticket.assignee_email,
            )
        )
        if before is not None and before.engineer_id in desk.load:
            desk.load[before.engineer_id] -= 1
    Assignment.objects.bulk_update(heard, ["help_desk_email"])
    _write(made)
    return len(made)


def _from_help_desk(ticket: Ticket, named: User, desk: Desk, before: Assignment | None) -> Assignment:
    if before is not None and before.engineer_id in desk.load:
        desk.load[before.engineer_id] -= 1
    return Assignment(
        ticket=ticket,
        team_id=desk.take(named.pk, ticket.product_area),
        engineer=named,
        cause=Assignment.Cause.HELP_DESK,
        reasons=[IN_HELP_DESK],
        help_desk_email=ticket.assignee_email,
    )


def _write(made: Sequence[Assignment]) -> None:
    """Add decisions, and end those before them."""
    keys = [row.ticket_id for row in made]
    Assignment.objects.present().filter(ticket__in=keys).update(ended_at=Now())
    Assignment.objects.bulk_create(made)
