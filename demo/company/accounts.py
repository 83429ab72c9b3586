"""The 400 accounts: who they are, how big, in which group, and whose."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import NormalDist

from demo import team, words
from demo.company.chance import apportion, crm_id, midnight, moment, pick, rng_for
from demo.company.lives import SILENT_LOSSES, Life, tell_life
from demo.company.records import Account

ACCOUNTS = 400
_NOT_BUYERS = {"target": 16, "prospect": 30}
_ON_TRIAL = 8
_CHURNED = 38
_GROUPS = 26
_DIVISIONS = 74

# ARR follows a log-normal curve; this spread puts 75 % of it on the top fifth of the paying accounts.
_MEDIAN = 17_500.0
_SPREAD = 1.5

TIER_FLOORS = {"strategic": 250_000, "enterprise": 75_000, "growth": 20_000, "standard": 0}
_STORIES = {
    "strategic": {"rising": 9, "steady": 3, "at_risk": 2, "shrinking": 1},
    "enterprise": {"rising": 46, "steady": 30, "at_risk": 10, "shrinking": 7, "new": 7},
    "growth": {"rising": 30, "steady": 38, "at_risk": 10, "shrinking": 9, "new": 10, "returned": 3},
    "standard": {"rising": 18, "steady": 43, "at_risk": 9, "shrinking": 7, "new": 16, "returned": 7},
}
_COUNTRIES = {
    "US": 46, "CA": 6, "AU": 5, "SG": 4, "GB": 13,
    "DE": 7, "FR": 5, "NL": 4, "ES": 3, "IT": 3, "IE": 2, "SE": 2,
}  # fmt: skip
CURRENCIES = {
    "US": "USD", "CA": "USD", "AU": "USD", "SG": "USD", "GB": "GBP",
    "DE": "EUR", "FR": "EUR", "NL": "EUR", "ES": "EUR", "IT": "EUR", "IE": "EUR", "SE": "EUR",
}  # fmt: skip
HOURS_FROM_UTC = {
    "US": -6, "CA": -5, "AU": 10, "SG": 8, "GB": 0, "IE": 0,
    "DE": 1, "FR": 1, "NL": 1, "ES": 1, "IT": 1, "SE": 1,
}  # fmt: skip
REGIONS = {"US": "AMER", "CA": "AMER", "AU": "APAC", "SG": "APAC"}


@dataclass(slots=True)
class _Draft:
    """An account before it has a name: its size, its story, and its place in a group."""

    size: float
    lifecycle: str
    story: str
    parent: _Draft | None = None
    billing_parent: _Draft | None = None
    account: Account | None = None

    @property
    def tier(self) -> str:
        return tier_for(self.size)


def tier_for(size: float) -> str:
    """Return the tier of an account that is worth ``size`` US dollars a year."""
    return next(tier for tier, floor in TIER_FLOORS.items() if size >= floor)


def build_accounts(seed: int, today: date) -> list[Account]:
    """Return the accounts, a parent always before its divisions."""
    rng = rng_for(seed, "accounts")
    drafts = _draft_sizes_and_stories(rng)
    _draft_groups(rng, drafts)
    ordered = list(_parents_first(drafts))
    namer = _Namer(rng, today)
    first_number = rng.randrange(62**4, 62**5)
    for place, draft in enumerate(ordered):
        own = rng_for(seed, "account", place)
        account_id = crm_id("001A", first_number + place * 7 + own.randrange(7))
        draft.account = namer.name(own, draft, account_id)
    return [draft.account for draft in ordered if draft.account]


def _draft_sizes_and_stories(rng: random.Random) -> list[_Draft]:
    paying = ACCOUNTS - _CHURNED - sum(_NOT_BUYERS.values())
    curve = NormalDist(math.log(_MEDIAN), _SPREAD)
    by_tier: dict[str, list[float]] = {tier: [] for tier in TIER_FLOORS}
    for place in range(paying):
        size = math.exp(curve.inv_cdf((place + 0.5) / paying)) * rng.uniform(0.96, 1.04)
        by_tier[tier_for(size)].append(max(size, 1_200.0))
    drafts = []
    for tier, sizes in by_tier.items():
        stories = _STORIES[tier]
        counts = apportion(len(sizes), list(stories.values()))
        told = [story for story, count in zip(stories, counts, strict=True) for _ in range(count)]
        rng.shuffle(told)
        drafts += [_Draft(size, "customer", story) for size, story in zip(sizes, told, strict=True)]
    # Among the lost are one strategic and two enterprise accounts: the losses that everyone remembers.
    lost = [310_000.0, 148_000.0, 92_000.0]
    lost += [min(math.exp(rng.gauss(9.3, 0.9)), 70_000.0) for _ in range(_CHURNED - len(lost))]
    drafts += [_Draft(max(size, 1_200.0), "churned", "churned") for size in lost]
    for lifecycle, count in _NOT_BUYERS.items():
        for place in range(count):
            story = "trial" if lifecycle == "prospect" and place < _ON_TRIAL else "none"
            size = min(max(math.exp(rng.gauss(10.4, 1.1)), 3_000.0), 600_000.0)
            drafts.append(_Draft(size, lifecycle, story))
    return drafts


def _draft_groups(rng: random.Random, drafts: list[_Draft]) -> None:
    """Put divisions under parents; who pays is sometimes the parent, a sibling, or the division itself."""
    by_size = sorted(drafts, key=lambda draft: -draft.size)
    heads = rng.sample(by_size[:130], _GROUPS)
    rest = [draft for draft in drafts if draft not in heads]
    members = rng.sample(rest, _DIVISIONS)
    sizes = apportion(_DIVISIONS, [rng.uniform(1, 3) ** 3 for _ in heads], minimum=1)
    for head, count in zip(heads, sizes, strict=True):
        divisions = [members.pop() for _ in range(count)]
        shared_services = divisions[0]
        for place, division in enumerate(divisions):
            # In a few large groups a division has a division of its own.
            division.parent = divisions[1] if place >= 2 and rng.random() < 0.3 else head
            payer = pick(rng, {"parent": 55, "itself": 28, "sibling": 17})
            if payer == "parent":
                division.billing_parent = head
            elif payer == "sibling" and division is not shared_services:
                division.billing_parent = shared_services


def _parents_first(drafts: list[_Draft]) -> Iterator[_Draft]:
    done: set[int] = set()

    def emit(draft: _Draft) -> Iterator[_Draft]:
        if id(draft) in done:
            return
        done.add(id(draft))
        for above in (draft.parent, draft.billing_parent):
            if above:
                yield from emit(above)
        yield draft

    for draft in drafts:
        yield from emit(draft)


class _Owners:
    """Hands accounts to our people; those with a login get the fuller portfolios."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.sales = self._weigh(team.emails("sales"))
        self.success = self._weigh(team.emails("customer_success"))
        self.marketing = self._weigh(team.emails("marketing"))
        self.sponsors = self._weigh(team.SPONSORS)

    @staticmethod
    def _weigh(addresses: tuple[str, ...]) -> dict[str, float]:
        return {address: 2.0 if place == 0 else 1.0 for place, address in enumerate(addresses)}

    def owner(self, draft: _Draft) -> str:
        if draft.lifecycle in {"target", "prospect"}:
            return pick(self.rng, self.marketing if self.rng.random() < 0.3 else self.sales)
        in_sales = {"strategic": 0.65, "enterprise": 0.6, "growth": 0.5, "standard": 0.35}[draft.tier]
        return pick(self.rng, self.sales if self.rng.random() < in_sales else self.success)

    def sponsor(self, draft: _Draft) -> str | None:
        has_sponsor = {"strategic": 1.0, "enterprise": 0.8, "growth": 0.15, "standard": 0.0}[draft.tier]
        if draft.lifecycle == "target" or self.rng.random() >= has_sponsor:
            return None
        return pick(self.rng, self.sponsors)


class _Namer:
    """Turns drafts into accounts: each gets a name of its own, a place, people of ours and a life."""

    def __init__(self, rng: random.Random, today: date) -> None:
        self.today = today
        self.stems = words.company_stems(rng)
        self.owners = _Owners(rng)
        self.taken: set[str] = set()

    def name(self, rng: random.Random, draft: _Draft, account_id: str) -> Account:
        """Return the account of a draft whose parents have theirs."""
        above = draft.parent.account if draft.parent else None
        payer = draft.billing_parent.account if draft.billing_parent else None
        if above:
            industry = above.industry
            name, country = _division_name(rng, above, self.taken)
        else:
            industry = rng.choice(list(words.INDUSTRIES))
            name = f"{next(self.stems)} {rng.choice(words.INDUSTRIES[industry])}"
            country = pick(rng, _COUNTRIES)
        self.taken.add(name)
        # Drawn apart: which losses nobody could tell must not change with the day on which the company is made.
        is_silent = rng_for(0, "silent", account_id).random() < SILENT_LOSSES
        life = tell_life(rng, draft.story, draft.tier, self.today, is_silent=is_silent)
        created_at, modified_at = self._recorded(rng, life)
        serves = draft.lifecycle == "customer" and draft.tier != "standard"
        return Account(
            id=account_id,
            name=name,
            domain=f"{words.ascii_slug(name)}.example",
            industry=industry,
            country=country,
            currency=CURRENCIES[country],
            employees=_round_two_digits(max(12.0, draft.size / rng.uniform(35, 110))),
            lifecycle=draft.lifecycle,
            tier=draft.tier,
            size=draft.size,
            owner_email=self.owners.owner(draft),
            sponsor_email=self.owners.sponsor(draft),
            success_email=pick(rng, self.owners.success) if serves else None,
            workspace_ids=_workspaces(rng, draft),
            created_at=created_at,
            modified_at=modified_at,
            life=life,
            parent=above.id if above else None,
            billing_parent=payer.id if payer else None,
        )

    def _recorded(self, rng: random.Random, life: Life) -> tuple[datetime, datetime]:
        """Return when the CRM first and last wrote an account."""
        first_use = life.trial[0] if life.trial else life.start
        known_from = (first_use or self.today) - timedelta(days=rng.randint(40, 300))
        touched = self.today - timedelta(days=rng.randint(1, 45))
        if life.end:
            touched = max(life.end + timedelta(days=rng.randint(0, 20)), self.today - timedelta(days=500))
        latest = midnight(self.today) - timedelta(hours=1)
        return moment(rng, known_from), min(moment(rng, touched), latest)


def _division_name(rng: random.Random, above: Account, taken: set[str]) -> tuple[str, str]:
    """Return a division's name and country: the group's name, and a region or unit that it lacks so far."""
    stem = above.name.split()[0]
    units = list(words.DIVISIONS)
    rng.shuffle(units)
    last_words = [f"{word} " for word in words.INDUSTRIES[above.industry]]
    for kind in ("", *last_words):
        for unit, country in units:
            name = f"{stem} {kind}{unit}"
            if name not in taken:
                return name, country
    raise ValueError(f"no division name is left for {above.name}")


def _workspaces(rng: random.Random, draft: _Draft) -> tuple[str, ...]:
    if draft.story == "none":
        return ()
    count = {"strategic": 3, "enterprise": 2}.get(draft.tier, 1)
    return tuple(f"ws_{rng.randrange(16**8):08x}" for _ in range(rng.randint(1, count)))


def _round_two_digits(value: float) -> int:
    step = 10 ** max(0, int(math.log10(value)) - 1)
    return int(value // step * step)
