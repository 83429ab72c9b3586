"""What happened to tickets, how customers rated them, and whether they would recommend us: worse in bad times."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from demo.company.chance import crm_id, midnight, moment, pick, rng_for
from demo.company.records import Account, Contact, Rating, Recommendation, Ticket, TicketEvent

# Replies are many and only the newest are of interest; changes of status and priority are kept throughout.
_REPLIES_DAYS = 60
_SURVEY_DAYS = 180
_SURVEYS = 4
_RATINGS = {5: 60.0, 4: 31.0, 3: 5.0, 2: 2.0, 1: 2.0}
_SCORES = {10: 25.0, 9: 31.0, 8: 19.0, 7: 11.0, 6: 6.0, 5: 4.0, 4: 2.0, 2: 2.0}
_GOOD = ("Quick and clear, thank you", "Solved at once", "Very helpful")
_BAD = ("Too slow", "It happened again", "We had to explain everything twice", "Nobody called back")

Happening = tuple[datetime, str, str | None]


def build_ticket_events(
    seed: int, today: date, accounts: list[Account], tickets: list[Ticket]
) -> list[TicketEvent]:
    """Return the events of all tickets, ticket by ticket in the order in which they happened."""
    lives = {account.id: account.life for account in accounts}
    events: list[TicketEvent] = []
    for ticket in tickets:
        rng = rng_for(seed, "events", ticket.number)
        distress = lives[ticket.account].distress(ticket.opened_at.date())
        for at, kind, value in sorted(_happenings(rng, ticket, distress, today), key=lambda each: each[0]):
            events.append(TicketEvent(700_001 + len(events), ticket.number, kind, at, value))
    return events


def _happenings(rng: random.Random, ticket: Ticket, distress: float, today: date) -> Iterator[Happening]:
    opened, replied, solved = ticket.opened_at, ticket.first_replied_at, ticket.solved_at
    newest = midnight(today) - timedelta(minutes=1)
    if ticket.priority == "urgent" and rng.random() < 0.2 + 0.4 * distress:
        raised = opened + timedelta(minutes=rng.randint(20, 600))
        yield min(raised, solved or newest, newest), "priority", "urgent"
    if replied is None:
        return
    if opened.date() > today - timedelta(days=_REPLIES_DAYS):
        yield replied, "agent_reply", ticket.assignee_email
        if solved and rng.random() < 0.6:
            asked = replied + (solved - replied) * 0.4
            yield asked, "customer_reply", ticket.requester_email
            # Most are answered within an hour or so, by turns and not by chance, so that nothing else changes.
            answer = timedelta(minutes=5 + ticket.number * 7 % 97)
            yield min(asked + answer, asked + (solved - asked) * 0.9), "agent_reply", ticket.assignee_email
    if solved is None:
        yield replied, "status", {"on_hold": "on_hold", "pending": "pending"}.get(ticket.status, "open")
        return
    if rng.random() < 0.05 + 0.25 * distress:
        yield replied + (solved - replied) * 0.5, "status", "solved"
        yield replied + (solved - replied) * 0.7, "status", "open"
    yield solved, "status", "solved"


def build_ratings(seed: int, today: date, accounts: list[Account], tickets: list[Ticket]) -> list[Rating]:
    """Return who was asked about a solved ticket; those who lose interest don't answer."""
    lives = {account.id: account.life for account in accounts}
    ratings: list[Rating] = []
    for ticket in tickets:
        rng = rng_for(seed, "rating", ticket.number)
        now = midnight(today)
        if ticket.solved_at is None or ticket.solved_at > now - timedelta(hours=3) or rng.random() > 0.6:
            continue
        asked = ticket.solved_at + timedelta(hours=2)
        answered = asked + timedelta(hours=rng.uniform(0.2, 60))
        distress = lives[ticket.account].distress(ticket.solved_at.date())
        rating = comment = None
        if answered < now and rng.random() < 0.5 * (1 - 0.7 * distress):
            weights = {value: w * (1 + (8 * distress if value <= 3 else 0)) for value, w in _RATINGS.items()}
            rating = pick(rng, weights)
            if rng.random() < 0.3:
                comment = rng.choice(_GOOD if rating >= 4 else _BAD)
        number = 500_001 + len(ratings)
        when = answered if rating else None
        ratings.append(Rating(number, ticket.number, ticket.requester_email, asked, when, rating, comment))
    return ratings


def build_recommendations(
    seed: int, today: date, accounts: list[Account], contacts: list[Contact]
) -> list[Recommendation]:
    """Return the surveys of every half year: contacts of customers of the time, with a score where they answered."""
    by_id = {account.id: account for account in accounts}
    number = rng_for(seed, "recommendations").randrange(62**4, 62**5)
    found: list[Recommendation] = []
    for turn in range(_SURVEYS, 0, -1):
        day = today - timedelta(days=_SURVEY_DAYS * turn - 150)
        for contact in contacts:
            life = by_id[contact.account].life
            rng = rng_for(seed, "recommendation", turn, contact.id)
            asked = moment(rng, day)
            was_there = contact.created_at < asked and (contact.left_at is None or contact.left_at > asked)
            if not was_there or life.start is None or day < life.start + timedelta(days=60):
                continue
            if (life.end and day >= life.end) or rng.random() > 0.9:
                continue
            distress = life.distress(day)
            answered = asked + timedelta(hours=rng.uniform(1, 200))
            score = None
            if answered < midnight(today) and rng.random() < 0.6 * (1 - 0.8 * distress):
                score = max(0, pick(rng, _SCORES) - round(distress * rng.uniform(1, 8)))
            when = answered if score is not None else None
            response = crm_id("a0NA", number + len(found))
            found.append(Recommendation(response, contact.account, contact.id, asked, when, score))
    return found
