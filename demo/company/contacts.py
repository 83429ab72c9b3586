"""The 3,000 people at the accounts, with their part in buying."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta

from demo import words
from demo.company.chance import apportion, crm_id, midnight, moment, pick, rng_for
from demo.company.records import Account, Contact

CONTACTS = 3_000

_PER_ACCOUNT = {"strategic": 28.0, "enterprise": 15.0, "growth": 7.5, "standard": 4.5}
# In the order in which a growing committee is filled; the rest are users.
_COMMITTEE = (
    "champion", "economic_buyer", "user", "technical_evaluator", "executive_sponsor", "user", "legal",
    "champion", "technical_evaluator", "user", "economic_buyer", "blocker", "user", "technical_evaluator",
    "legal",
)  # fmt: skip
_TITLES = {
    "economic_buyer": (
        "Chief financial officer",
        "Vice president of operations",
        "Finance director",
        "Head of procurement",
    ),
    "champion": (
        "Head of digital operations",
        "Operations manager",
        "Director of transformation",
        "Program lead",
    ),
    "technical_evaluator": ("Solutions architect", "IT manager", "Head of platform", "Security engineer"),
    "executive_sponsor": ("Chief operating officer", "Chief information officer", "Managing director"),
    "legal": ("General counsel", "Contract manager", "Data protection officer"),
    "user": (
        "Team lead",
        "Project coordinator",
        "Business analyst",
        "Planner",
        "Operations specialist",
        "Administrator",
    ),
    "blocker": ("Procurement manager", "Head of legacy systems", "Chief architect"),
}
# Chance to leave while things go badly: the champion's going is often how it starts.
_LEAVES_IN_DECLINE = {"champion": 0.6, "executive_sponsor": 0.4, "economic_buyer": 0.3}
_PHONES = {  # ranges that the national authorities keep free for invented people
    "US": "+1 555 01{:02d}",
    "CA": "+1 555 01{:02d}",
    "GB": "+44 20 7946 09{:02d}",
    "IE": "+353 20 910 91{:02d}",
    "AU": "+61 2 5550 10{:02d}",
    "DE": "+49 30 23125 0{:02d}",
    "FR": "+33 1 99 00 10 {:02d}",
    "SE": "+46 8 465 004 {:02d}",
}


def build_contacts(seed: int, today: date, accounts: list[Account]) -> list[Contact]:
    """Return the contacts, account by account, the committee before the users."""
    weights = [
        _PER_ACCOUNT[account.tier] * (1.0 if account.lifecycle == "customer" else 0.6) for account in accounts
    ]
    counts = apportion(CONTACTS, weights, minimum=2)
    contacts: list[Contact] = []
    first_number = rng_for(seed, "contacts").randrange(62**4, 62**5)
    for account, count in zip(accounts, counts, strict=True):
        committee = _Committee(rng_for(seed, "contacts", account.id), account, today)
        for place in range(count):
            role = _COMMITTEE[place] if place < len(_COMMITTEE) else "user"
            contacts.append(committee.contact(role, first_number + len(contacts) * 5))
    return contacts


class _Committee:
    """Makes up the people of one account."""

    def __init__(self, rng: random.Random, account: Account, today: date) -> None:
        self.rng = rng
        self.account = account
        self.today = today
        self.seen: Counter[str] = Counter()

    def contact(self, role: str, number: int) -> Contact:
        """Return a new contact with an address that nobody else has."""
        rng, account = self.rng, self.account
        first, last = words.person_name(rng, account.country)
        address = f"{words.ascii_slug(first)}.{words.ascii_slug(last)}"
        self.seen[address] += 1
        suffix = "" if self.seen[address] == 1 else str(self.seen[address])
        created_at = self._created_at()
        left_at = self._left_at(role, created_at)
        touched = moment(rng, self.today - timedelta(days=rng.randint(1, 200)))
        phone = _PHONES.get(account.country)
        return Contact(
            id=crm_id("003A", number + rng.randrange(5)),
            account=account.id,
            first_name=first,
            last_name=last,
            email=f"{address}{suffix}@{account.domain}",
            phone=phone.format(rng.randrange(100)) if phone and rng.random() < 0.7 else None,
            title=rng.choice(_TITLES[role]),
            role=role,
            created_at=created_at,
            modified_at=left_at or max(touched, created_at),
            left_at=left_at,
        )

    def _created_at(self) -> datetime:
        """Most were known before the first contract; some joined later."""
        rng, account = self.rng, self.account
        known = account.created_at.date()
        last_chance = min(account.life.end or self.today, self.today) - timedelta(days=2)
        if rng.random() < 0.7:
            last_chance = min(last_chance, known + timedelta(days=120))
        days = max(0, (last_chance - known).days)
        return account.created_at + timedelta(days=rng.randint(0, days), minutes=rng.randint(0, 50))

    def _left_at(self, role: str, created_at: datetime) -> datetime | None:
        """Return when a contact went inactive: in a decline, after the loss, or in the way of the world."""
        rng, life = self.rng, self.account.life
        earliest, latest = created_at + timedelta(hours=1), midnight(self.today) - timedelta(hours=1)
        for first, last in life.declines:
            if rng.random() < _LEAVES_IN_DECLINE.get(role, 0.15):
                known = max(first, created_at.date() + timedelta(days=1))
                days = (min(last, self.today) - known).days
                if days > 0:
                    left = moment(rng, known + timedelta(days=rng.randrange(days)))
                    return min(max(left, earliest), latest)
        if life.end and rng.random() < 0.75:
            left = moment(rng, life.end + timedelta(days=rng.randint(1, 40)))
            return min(max(left, earliest), latest)
        if rng.random() < 0.04 and earliest < latest:
            return earliest + (latest - earliest) * rng.random()
        return None


def present(contacts: list[Contact], at: datetime) -> list[Contact]:
    """Return those who were there at an instant; everybody where nobody was."""
    there = [c for c in contacts if c.created_at <= at and (c.left_at is None or c.left_at > at)]
    return there or contacts


def pick_role(rng: random.Random, contacts: list[Contact], weights: dict[str, float]) -> Contact:
    """Return one contact, drawn by the weight of the role."""
    return contacts[
        pick(rng, {place: weights.get(contact.role, 1.0) for place, contact in enumerate(contacts)})
    ]
