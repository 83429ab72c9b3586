"""Route what needs it: by marks of what changed, so that a sweep costs what changed and not what is open."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import F, FilteredRelation, Q

from people.absences.rota import Rota
from people.models import User
from support.models import Assignment, Ticket, TicketToRoute, WaitingRound
from support.querysets import TicketQuerySet
from support.routing.engine import Asked, Desk
from support.routing.facts import accounts_of, read_desk, rows_in_force, seats_of, takers
from support.routing.services import (
    ask_round,
    end_decisions,
    hold_desk,
    mark_held,
    mark_to_route,
    write_decisions,
)

IN_HELP_DESK = "Assigned in the help desk."
# Tickets of one transaction: few enough that whoever gives one by hand waits for less than a second.
CHUNK = 500
# Chunks of waiting tickets that one sweep tries; the next goes on where it stopped.
CHUNKS_A_SWEEP = 10


def route_waiting() -> int:
    """Route every open ticket that has nobody who can go on with it; return how many were decided.

    What changed is marked in the database with the change, so nothing is lost with a broker or a worker; any number may
    run at once. Whoever the help desk names anew, and who is here, gets the ticket. Those that wait in queues longest
    come before those that are new.
    """
    _mark_gone()
    _take_marked(is_done=True)
    return _go_round() + _take_marked(is_done=False)


def review_routing() -> int:
    """Mark every ticket whose decision isn't what it should be, and try all that wait anew; return how many are marked.

    A net: what changes is marked as it changes, but for facts of accounts that conditions of rules ask.
    """
    marked = mark_to_route(in_need(Rota.read()))
    marked += mark_held(
        Assignment.objects.present().exclude(ticket__in=Ticket.objects.open_now().values("pk"))
    )
    with transaction.atomic():
        hold_desk()
        ask_round()
        WaitingRound.objects.update(desk="")
    return marked


def in_need(rota: Rota) -> TicketQuerySet:
    """Return the open tickets about which something is to be decided, but for those that wait: no decision was made,
    whoever has them is away or has left, or the help desk names somebody else than when it was decided."""
    held = FilteredRelation("assignments", condition=Q(assignments__ended_at=None))
    tickets = Ticket.objects.open_now().annotate(held=held)
    return tickets.filter(
        Q(held__pk=None)
        | Q(held__engineer__in=list(rota.away))
        | Q(held__engineer__is_active=False)
        | ~Q(held__help_desk_email=F("assignee_email"))
    )


def _mark_gone() -> None:
    """Mark the tickets of those who are away by now or have left."""
    gone = {*Rota.read().away, *User.objects.filter(is_active=False).values_list("pk", flat=True)}
    if gone:
        mark_held(Assignment.objects.present().filter(engineer__in=gone))


def _take_marked(*, is_done: bool) -> int:
    """Decide about the marked tickets that are done, or about those that aren't; return how many decisions were made.

    Marks are read on their own, so that where there are none no ticket is read.
    """
    made, last = 0, 0
    while True:
        marks = TicketToRoute.objects.filter(ticket__gt=last).order_by("ticket_id")
        keys = list(marks.values_list("ticket_id", flat=True)[:CHUNK])
        if not keys:
            return made
        made += _take(keys, is_done=is_done)
        last = keys[-1]


@transaction.atomic
def _take(keys: Sequence[int], *, is_done: bool) -> int:
    """Decide about some marked tickets, and take their marks away; return how many decisions were made.

    Locks the marks that nobody else has, then those of their tickets that nobody else has: a batch that is just writing
    a ticket marks it again.
    """
    marks = TicketToRoute.objects.filter(ticket__in=keys).order_by("ticket_id")
    free = list(marks.select_for_update(of=("self",), skip_locked=True).values_list("ticket_id", flat=True))
    asked = Ticket.objects.filter(pk__in=free)
    is_open = asked.open_now().values("pk")
    tickets = _locked(asked.exclude(pk__in=is_open) if is_done else asked.open_now())
    if not tickets:
        return 0
    hold_desk()
    TicketToRoute.objects.filter(ticket__in=[ticket.pk for ticket in tickets]).delete()
    if is_done:
        end_decisions(ticket.pk for ticket in tickets)
        return 0
    return _decide(tickets)


def _locked(tickets: TicketQuerySet) -> list[Ticket]:
    """Return those tickets that nobody else has in hand, locked. Nobody is waited for."""
    return list(tickets.order_by("pk").select_for_update(of=("self",), no_key=True, skip_locked=True))


def _go_round() -> int:
    """Try what waits in queues again, where somebody has room since or the desk is another; return how many moved."""
    done = 0
    for _ in range(CHUNKS_A_SWEEP):
        count = _try_chunk()
        if count is None:
            break
        done += count
    return done


@transaction.atomic
def _try_chunk() -> int | None:
    """Go on with the round by one chunk, or begin one; return how many moved, None where there is nothing to do.

    One worker at a time goes round. What somebody else has in hand is marked instead of waited for.
    """
    if not _has_the_round():
        return None
    rota = Rota.read()
    now, _ = WaitingRound.objects.get_or_create(pk=1)
    fields, before = ["came_to"], now.desk
    if now.came_to is None:
        desk = takers(rota, is_counted=False).digest()
        if now.asked == now.answered and now.desk == desk:
            return None
        fields = ["came_to", "answered", "desk", "is_whole"]
        now.is_whole = now.desk != desk
        now.came_to, now.answered, now.desk = 0, now.asked, desk
    waiting = Assignment.objects.waiting().filter(ticket__gt=now.came_to).order_by("ticket_id")
    keys = list(waiting.values_list("ticket_id", flat=True)[:CHUNK])
    tickets = _locked(Ticket.objects.filter(pk__in=keys))
    busy = set(keys) - {ticket.pk for ticket in tickets}
    if busy:
        mark_to_route(Ticket.objects.filter(pk__in=busy))
    hold_desk()
    done = _decide([ticket for ticket in tickets if ticket.is_open_now])
    # Whoever has room now may take tickets that come later in the round.
    is_over = len(keys) < CHUNK or not (now.is_whole or takers(rota).has_room())
    now.came_to = None if is_over else keys[-1]
    if not WaitingRound.objects.filter(desk=before).exists():  # Another whole round was asked for meanwhile.
        now.desk = ""
    now.save(update_fields=fields)
    return None if is_over and not done else done


def _has_the_round() -> bool:
    """Return whether it is ours to go round, until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('support.routing.round', 0))")
        return bool(cursor.fetchone()[0])


def _decide(tickets: Sequence[Ticket]) -> int:
    """Decide about locked tickets; return how many decisions were written."""
    if not tickets:
        return 0
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
    write_decisions(made)
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
