"""Deals: those behind every contract, expansion and renewal, those that were lost, and those still open."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from demo.company.chance import crm_id, midnight, moment, pick, rng_for
from demo.company.lives import HISTORY_MONTHS
from demo.company.rates import LIST_RATE
from demo.company.records import Account, Contact, Opportunity

# Stages a deal passes, with the share of its time after which it is there.
STAGES = (
    ("Qualification", 0.0),
    ("Needs analysis", 0.25),
    ("Proposal", 0.5),
    ("Negotiation", 0.8),
)
WON, LOST = "Closed won", "Closed lost"
_CYCLE_DAYS = {"strategic": (120, 260), "enterprise": (80, 180), "growth": (35, 110), "standard": (14, 60)}
# The industries that our product suits best win more often: what a fit model should find.
SUITED = ("Manufacturing", "Logistics", "Software")
# Companies with fewer people see little use in it, those with more the most.
SMALL, LARGE = 50, 250
# How many people take part in a deal, fewer where it was lost; and how often nobody wrote down who did.
TOOK_PART, TOOK_PART_LOST = (2, 7), (1, 3)
UNNOTED = 0.08


def build_opportunities(
    seed: int, today: date, accounts: list[Account], contacts: list[Contact]
) -> list[Opportunity]:
    """Return the deals, oldest first, each with those of the account's people who took part."""
    deals: list[Opportunity] = []
    for account in accounts:
        deals += _Seller(rng_for(seed, "opportunities", account.id), account, today).sell()
    deals.sort(key=lambda deal: (deal.opened_on, deal.account, deal.name))
    number = rng_for(seed, "opportunities").randrange(62**4, 62**5)
    for place, deal in enumerate(deals):
        deal.id = crm_id("006A", number + place)
    people: dict[str, list[Contact]] = {}
    for contact in contacts:
        people.setdefault(contact.account, []).append(contact)
    for deal in deals:
        rng = rng_for(seed, "opportunity contacts", deal.id)
        deal.contacts = _who_took_part(rng, deal, people.get(deal.account, []))
    return deals


def _who_took_part(rng: random.Random, deal: Opportunity, people: list[Contact]) -> list[str]:
    """Return the ids of people who were there while the deal went on: few where it was lost, none where nobody noted.

    The committee comes before the users, so it is asked first.
    """
    known = [
        person
        for person in people
        if person.created_at <= deal.modified_at
        and (person.left_at is None or person.left_at.date() > deal.opened_on)
    ]
    wanted = 0 if rng.random() < UNNOTED else rng.randint(*(TOOK_PART_LOST if _is_lost(deal) else TOOK_PART))
    likely = known[: wanted + 2]
    return [person.id for person in rng.sample(likely, min(wanted, len(likely)))]


def _is_lost(deal: Opportunity) -> bool:
    return deal.is_closed and not deal.is_won


class _Seller:
    """Writes one account's deals."""

    def __init__(self, rng: random.Random, account: Account, today: date) -> None:
        self.rng = rng
        self.account = account
        self.today = today
        self.since = today - timedelta(days=HISTORY_MONTHS * 30)

    def sell(self) -> Iterator[Opportunity]:
        if not self.account.life.terms:
            yield from self._unsold()
            return
        behind = list(self._behind_terms())
        yield from behind
        yield from self._lost_on_the_way()
        yield from self._ahead()
        yield from self._in_vain(behind[0].opened_on, self._attempts())

    def _behind_terms(self) -> Iterator[Opportunity]:
        """Yield the deals that became contracts: the first sale, each renewal, each expansion within a term."""
        for place, term in enumerate(self.account.life.terms):
            yield self._decided("renewal" if place else "new", term.start, term.steps[0][1], is_won=True)
            for (_, before), (day, after) in zip(term.steps, term.steps[1:], strict=False):
                if after > before and day < self.today:
                    yield self._decided("expansion", day, after - before, is_won=True)
        if self.account.life.end and self.account.life.end < self.today:
            yield self._decided(
                "renewal", self.account.life.end, self.account.life.last_level(), is_won=False
            )

    def _lost_on_the_way(self) -> Iterator[Opportunity]:
        """Yield expansions that a customer turned down."""
        for _ in range(self.rng.choice((0, 0, 0, 1, 1, 2))):
            start = max(self.account.life.terms[0].start, self.since)
            if (span := (self.today - start).days) > 40:
                day = start + timedelta(days=self.rng.randint(30, span - 1))
                yield self._decided("expansion", day, self.rng.uniform(0.08, 0.3), is_won=False)

    def _ahead(self) -> Iterator[Opportunity]:
        """Yield the renewal that is due within half a year, and an expansion where things go well."""
        life = self.account.life
        if life.end and life.end <= self.today:
            return
        due = life.terms[-1].end
        if due and self.today < due < self.today + timedelta(days=180):
            yield self._open("renewal", due, life.last_level())
        if life.story in {"rising", "steady"} and self.rng.random() < 0.35:
            day = self.today + timedelta(days=self.rng.randint(10, 120))
            yield self._open("expansion", day, self.rng.uniform(0.1, 0.4))

    def _unsold(self) -> Iterator[Opportunity]:
        """Yield the deals of an account that never bought: prospects were tried often, most targets never."""
        until = self.today - timedelta(days=self.rng.randint(5, 40))
        # A suitable account is pursued as often, but lost less often: it is more likely still in talks.
        if self.account.lifecycle == "prospect" and self.rng.random() < (0.8 if self._suits else 0.5):
            hoped = self._open("new", self.today + timedelta(days=self.rng.randint(5, 150)), 1.0)
            yield hoped
            until = hoped.opened_on
        if self.rng.random() < {"prospect": 0.9, "target": 0.6}.get(self.account.lifecycle, 0.0):
            yield from self._in_vain(until, self._attempts())

    @property
    def _suits(self) -> bool:
        return self.account.industry in SUITED

    def _attempts(self) -> int:
        """How often it was tried in vain: for a third of all to be won, about two for each sale."""
        if self._suits:
            return self.rng.choice((0, 0, 1))
        if self.account.employees < SMALL:
            return self.rng.choice((5, 6, 7))
        return self.rng.choice((3, 4) if self.account.employees < LARGE else (0, 1, 1))

    def _in_vain(self, until: date, times: int) -> Iterator[Opportunity]:
        """Yield attempts to sell to somebody new that were lost before a day, the newest first."""
        for _ in range(times):
            until -= timedelta(days=self.rng.randint(5, 60))
            deal = self._decided("new", until, 1.0, is_won=False)
            yield deal
            until = deal.opened_on

    def _decided(self, kind: str, on: date, level: float, *, is_won: bool) -> Opportunity:
        # The paper is signed some days before the term begins, and never in the future.
        closed = min(on - timedelta(days=self.rng.randint(1, 21)), self.today - timedelta(days=1))
        deal = self._deal(kind, level, closed - self._cycle(kind), closed)
        deal.stage, deal.is_closed, deal.is_won = (WON if is_won else LOST), True, is_won
        deal.modified_at = moment(self.rng, closed)
        return deal

    def _open(self, kind: str, on: date, level: float) -> Opportunity:
        cycle = self._cycle(kind)
        opened = min(on - cycle, self.today - timedelta(days=self.rng.randint(2, 20)))
        deal = self._deal(kind, level, opened, on)
        gone = (self.today - opened) / (on - opened)
        deal.stage = [name for name, share in STAGES if share <= gone][-1]
        touched = max(opened, self.today - timedelta(days=self.rng.randint(1, 25)))
        deal.modified_at = min(moment(self.rng, touched), self._last_moment())
        return deal

    def _deal(self, kind: str, level: float, opened: date, close: date) -> Opportunity:
        last = self.account.life.last_level() if self.account.life.terms else 1.0
        worth = self.account.size / LIST_RATE[self.account.currency] * level / last
        titles = {"new": "first contract", "expansion": "more seats", "renewal": "renewal"}
        at = min(midnight(opened), self._last_moment())
        return Opportunity(
            id="",
            account=self.account.id,
            name=f"{self.account.name}: {titles[kind]} {close.year}",
            kind=kind,
            stage="",
            is_won=False,
            is_closed=False,
            amount=max(100, round(worth / 100) * 100),
            currency=self.account.currency,
            opened_on=opened,
            close_on=close,
            created_at=at,
            modified_at=at,
        )

    def _cycle(self, kind: str) -> timedelta:
        low, high = _CYCLE_DAYS[self.account.tier]
        share = pick(self.rng, {1.0: 3, 0.8: 2}) if kind == "new" else 0.5
        return timedelta(days=round(self.rng.randint(low, high) * share))

    def _last_moment(self) -> datetime:
        return midnight(self.today) - timedelta(hours=1)
