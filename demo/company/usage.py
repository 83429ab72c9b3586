"""About a million usage events over twenty months, made month by month as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo.catalogue import CORE, PRODUCTS, Feature
from demo.company.accounts import HOURS_FROM_UTC
from demo.company.chance import arrays_for, months_after, rng_for
from demo.company.contracts import modules_of
from demo.company.records import Account, Contact

EVENTS = 1_000_000
_MONTHS = 20
# Adoption grows: a day a year ago has this share of the events that the same customers have now.
_A_YEAR_AGO = 0.75
_WEEKEND = 0.14
_DAY = 86_400_000
_HEAVY_USERS = 1.9  # the exponent that concentrates work on a few users
_POPULAR_FEATURES = 1.7

FEATURES: tuple[Feature, ...] = tuple(feature for product in PRODUCTS for feature in product.features)
_PLACE = {feature.key: place for place, feature in enumerate(FEATURES)}
_BULK = np.array([feature.bulk for feature in FEATURES])


@dataclass(frozen=True, slots=True)
class EventMonth:
    """The events of one month in the order of time; parallel arrays.

    ``milli`` counts from 1970; ``user`` is a place among its account's users, ``feature`` in ``FEATURES``.
    """

    month: date
    account: NDArray[np.int64]
    milli: NDArray[np.int64]
    user: NDArray[np.int64]
    feature: NDArray[np.int64]
    quantity: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.account)


@dataclass(slots=True)
class UsagePlan:
    """How many events each account has on each day, and who causes them."""

    seed: int
    accounts: list[Account]
    users: list[list[str]]
    features: list[list[int]]
    first_day: date
    counts: NDArray[np.int64]
    activity: NDArray[np.float64]

    @property
    def total(self) -> int:
        """All events of the plan."""
        return int(self.counts.sum())

    def months(self) -> Iterator[EventMonth]:
        """Make the events, one month at a time."""
        days = [self.first_day + timedelta(days=place) for place in range(self.counts.shape[1])]
        first = 0
        while first < len(days):
            month = days[first].replace(day=1)
            last = first
            while last < len(days) and days[last].replace(day=1) == month:
                last += 1
            yield self._month(month, first, last)
            first = last

    def _month(self, month: date, first: int, last: int) -> EventMonth:
        rng = arrays_for(self.seed, "events", month)
        counts = self.counts[:, first:last]
        account, day = (axis.repeat(counts.ravel()) for axis in np.indices(counts.shape).reshape(2, -1))
        size = len(account)
        activity = self.activity[account, first + day]
        people = np.array([len(users) for users in self.users])[account]
        active = np.maximum(1, np.ceil(people * activity**0.7)).astype(np.int64)
        user = np.minimum((active * rng.random(size) ** _HEAVY_USERS).astype(np.int64), people - 1)
        feature = self._draw_features(rng, account, activity)
        hours_from_utc = np.array([HOURS_FROM_UTC[account.country] for account in self.accounts])[account]
        milli_of_day = (rng.normal(13.3, 2.7, size) - hours_from_utc) * 3_600_000
        # Wrapping at midnight keeps each event in its day, so that the last day ends before today begins.
        epoch_day = (self.first_day - date(1970, 1, 1)).days + first + day
        milli = epoch_day * _DAY + milli_of_day.astype(np.int64) % _DAY
        quantity = np.where(_BULK[feature], rng.geometric(0.02, size), 1)
        order = np.argsort(milli, kind="stable")
        return EventMonth(month, *(part[order] for part in (account, milli, user, feature, quantity)))

    def _draw_features(
        self, rng: np.random.Generator, account: NDArray[np.int64], activity: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Draw a feature for each event; an account that fades uses fewer of them."""
        width = max(len(features) for features in self.features)
        table = np.array([features + [0] * (width - len(features)) for features in self.features])
        known = np.array([len(features) for features in self.features])[account]
        used = np.maximum(2, np.ceil(known * np.clip(activity, 0.0, 1.0) ** 0.5)).astype(np.int64)
        place = (np.minimum(used, known) * rng.random(len(account)) ** _POPULAR_FEATURES).astype(np.int64)
        return np.asarray(table[account, place], dtype=np.int64)


def plan_usage(
    seed: int, today: date, accounts: list[Account], contacts: list[Contact], events: int
) -> UsagePlan:
    """Plan about ``events`` events (Poisson around it) from twenty months ago until yesterday."""
    first_day = months_after(today.replace(day=1), -_MONTHS + 1)
    if today.day < 15:
        first_day = months_after(first_day, -1)
    days = np.arange(first_day.toordinal(), today.toordinal())
    rng = arrays_for(seed, "usage")
    activity = np.stack([np.maximum(account.life.usage(days), 0.0) for account in accounts])
    # Each customer has seasons of its own, and no two days are alike.
    phase = rng.uniform(0, 2 * np.pi, (len(accounts), 1))
    activity = activity * (1 + 0.05 * np.sin(2 * np.pi * days / 91 + phase))
    weekday = np.where((days - 1) % 7 >= 5, _WEEKEND, 1.0)
    trend = 1 - (1 - _A_YEAR_AGO) * (days[-1] - days) / 365
    volume = np.array([[account.size**0.6] for account in accounts])
    expected = activity * volume * weekday * trend * rng.gamma(12, 1 / 12, activity.shape)
    counts = rng.poisson(expected * (events / expected.sum()))
    by_account: dict[str, list[str]] = {account.id: [] for account in accounts}
    for contact in contacts:
        if contact.role in {"user", "champion", "technical_evaluator"}:
            by_account[contact.account].append(contact.email)
    return UsagePlan(
        seed=seed,
        accounts=accounts,
        users=[_users(account, by_account[account.id]) for account in accounts],
        features=[_features(seed, account) for account in accounts],
        first_day=first_day,
        counts=np.asarray(counts, dtype=np.int64),
        activity=activity,
    )


def _users(account: Account, contacts: list[str]) -> list[str]:
    """Return who works with the product: contacts by address, and many more whom only the product knows."""
    others = int(3 + (account.size / 900) ** 0.75)
    return [*contacts, *(f"user-{number}@{account.domain}" for number in range(1, others + 1))]


def _features(seed: int, account: Account) -> list[int]:
    """Return the places of the features that an account uses, the most used first."""
    rng = rng_for(seed, "features", account.id)
    owned = [feature for product in (CORE, *modules_of(rng_for(seed, "modules", account.id), account.tier))
             for feature in product.features]  # fmt: skip
    tried = [feature for feature in owned if rng.random() < 0.85] or owned
    rng.shuffle(tried)
    return [_PLACE[feature.key] for feature in tried]
