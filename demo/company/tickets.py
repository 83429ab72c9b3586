"""The 6,000 tickets: more of them while an account is new or going badly, answered as its tier may expect."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from datetime import date, datetime, timedelta

import numpy as np

from demo import catalogue, team
from demo.company.accounts import HOURS_FROM_UTC
from demo.company.chance import arrays_for, midnight, pick, rng_for
from demo.company.contacts import pick_role, present
from demo.company.contracts import modules_of
from demo.company.records import Account, Contact, Ticket

TICKETS = 6_000
_WEEKS = 112  # the help desk was bought after the first customers

_PER_WEEK = {"strategic": 1.0, "enterprise": 0.38, "growth": 0.15, "standard": 0.06}
_PRIORITIES: dict[str, dict[str, float]] = {
    "strategic": {"urgent": 12, "high": 30, "normal": 46, "low": 12},
    "enterprise": {"urgent": 8, "high": 26, "normal": 50, "low": 16},
    "growth": {"urgent": 5, "high": 20, "normal": 53, "low": 22},
    "standard": {"urgent": 3, "high": 15, "normal": 54, "low": 28},
}
# Median minutes to the first reply of a ticket of normal priority: most are in time, some are not.
_REPLY_MINUTES = {"strategic": 17, "enterprise": 62, "growth": 230, "standard": 610}
_REPLY_FACTOR = {"urgent": 0.6, "high": 0.8, "normal": 1.0, "low": 1.5}
_SOLVE_HOURS = {"urgent": 9, "high": 34, "normal": 78, "low": 150}
_REQUESTERS: dict[str, float] = {
    "user": 6,
    "technical_evaluator": 5,
    "champion": 3,
    "economic_buyer": 0.5,
    "legal": 0.3,
}
_AREAS: dict[str, float] = {"core": 6, "billing": 1.2, "access": 1.6, "performance": 1.4}
_OPENS, _CLOSES = 9, 18  # the business hours, on the customer's clock


def build_tickets(seed: int, today: date, accounts: list[Account], contacts: list[Contact]) -> list[Ticket]:
    """Return the tickets in the order of opening."""
    people: dict[str, list[Contact]] = defaultdict(list)
    for contact in contacts:
        people[contact.account].append(contact)
    weeks = [today - timedelta(days=7 * back) for back in range(_WEEKS, 0, -1)]
    weights = np.array([[_weight(account, week) for week in weeks] for account in accounts])
    spread = (weights / weights.sum()).ravel()
    counts = arrays_for(seed, "tickets").multinomial(TICKETS, spread).reshape(weights.shape)
    tickets: list[Ticket] = []
    for account, row in zip(accounts, counts, strict=True):
        asker = _Asker(seed, account, people[account.id], today)
        for week, count in zip(weeks, row.tolist(), strict=True):
            tickets += [asker.ticket(week) for _ in range(count)]
    tickets.sort(key=lambda ticket: (ticket.opened_at, ticket.account, ticket.subject))
    for number, ticket in enumerate(tickets, start=20_001):
        ticket.number = number
    return tickets


def _weight(account: Account, week: date) -> float:
    """Return how many tickets an account may be expected to open in a week."""
    life = account.life
    if life.trial and life.trial[0] <= week < life.trial[1]:
        return 0.1
    if life.start is None or not any(t.start <= week and (t.end is None or week < t.end) for t in life.terms):
        return 0.0
    usage = float(life.usage(np.array([week.toordinal()]))[0])
    calm = _PER_WEEK[account.tier] * (0.4 + 0.6 * math.sqrt(max(usage, 0.0)))
    if distress := life.distress(week):
        # Fewer people use it, and still more of them complain.
        return _PER_WEEK[account.tier] * (1.0 + 4.5 * distress)
    return calm * (1.8 if week < life.start + timedelta(days=60) else 1.0)


class _Asker:
    """Opens the tickets of one account."""

    def __init__(self, seed: int, account: Account, people: list[Contact], today: date) -> None:
        self.rng = rng_for(seed, "tickets", account.id)
        self.account = account
        self.people = people
        self.now = midnight(today)
        self.offset = timedelta(hours=HOURS_FROM_UTC[account.country])
        modules = modules_of(rng_for(seed, "modules", account.id), account.tier)
        self.areas = {**_AREAS, **{product.key: 3.0 for product in modules}}

    def ticket(self, week: date) -> Ticket:
        """Return a ticket of the week that starts on a day, as it stands now."""
        rng, account, now = self.rng, self.account, self.now
        opened_at = min(_opening(rng, week) - self.offset, now - timedelta(minutes=rng.randint(5, 600)))
        distress = account.life.distress(opened_at.date())
        priority = pick(rng, self._priorities(distress))
        replied_at = self._replied_at(opened_at, priority, distress)
        hours = _SOLVE_HOURS[priority] * math.exp(rng.gauss(0, 0.8)) * (1 + 1.5 * distress)
        solved_at = replied_at + timedelta(hours=hours * (0.7 if account.tier == "strategic" else 1.0))
        replied = replied_at if replied_at < now else None
        # What breaks trust is the urgent ticket that nobody closes.
        stuck = 0.04 + distress * (0.85 if priority == "urgent" else 0.4)
        is_stuck = opened_at > now - timedelta(days=60) and rng.random() < stuck
        solved = None if replied is None or is_stuck or solved_at >= now else solved_at
        area = pick(rng, self.areas)
        subject = rng.choice(catalogue.TICKET_SUBJECTS[area]).format(
            thing=rng.choice(catalogue.TICKET_THINGS)
        )
        return Ticket(
            number=0,
            account=account.id,
            subject=subject,
            priority=priority,
            status=self._status(replied, solved, is_stuck=is_stuck),
            opened_at=opened_at,
            first_replied_at=replied,
            solved_at=solved,
            requester_email=pick_role(rng, present(self.people, opened_at), _REQUESTERS).email,
            assignee_email=rng.choice(team.emails("support")) if replied else None,
            product_area=area,
            updated_at=solved or replied or opened_at,
        )

    def _priorities(self, distress: float) -> dict[str, float]:
        priorities = dict(_PRIORITIES[self.account.tier])
        priorities["urgent"] *= 1 + 3 * distress
        priorities["high"] *= 1 + distress
        return priorities

    def _replied_at(self, opened_at: datetime, priority: str, distress: float) -> datetime:
        rng, tier = self.rng, self.account.tier
        minutes = _REPLY_MINUTES[tier] * _REPLY_FACTOR[priority] * math.exp(rng.gauss(0, 0.55))
        if rng.random() < 0.04 + 0.08 * distress:
            minutes *= rng.uniform(3, 8)  # forgotten in the queue
        work = timedelta(seconds=max(20, int(minutes * 60)))
        if tier == "strategic":  # looked after around the clock
            return opened_at + work
        return _after_business_hours(opened_at + self.offset, work) - self.offset

    def _status(self, replied: datetime | None, solved: datetime | None, *, is_stuck: bool) -> str:
        if solved:
            return "closed" if solved < self.now - timedelta(days=5) else "solved"
        if replied is None:
            return "new"
        if is_stuck:
            return pick(self.rng, {"on_hold": 5.0, "pending": 3.0, "open": 2.0})
        return pick(self.rng, {"open": 6.0, "pending": 3.0, "on_hold": 1.0})


def _opening(rng: random.Random, week: date) -> datetime:
    """Return an instant on the customer's clock in the week from a day on: six in seven in working hours."""
    days = [week + timedelta(days=place) for place in range(7)]
    day = pick(rng, {day: 0.15 if day.weekday() >= 5 else 1.0 for day in days})
    hour = rng.uniform(0, 24) if rng.random() < 0.15 else min(max(rng.gauss(13, 2.6), 7.0), 20.0)
    return midnight(day) + timedelta(seconds=int(hour * 3600))


def _after_business_hours(local: datetime, work: timedelta) -> datetime:
    """Return when ``work`` is done that starts at ``local`` and goes on only in business hours."""
    while True:
        opens = local.replace(hour=_OPENS, minute=0, second=0)
        closes = local.replace(hour=_CLOSES, minute=0, second=0)
        if local.weekday() < 5 and local < closes:
            local = max(local, opens)
            if local + work < closes:
                return local + work
            work -= closes - local
        local = opens + timedelta(days=1)
