"""Repeatable randomness, dates and the identifiers of source systems."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

import numpy as np

T = TypeVar("T")

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECK = string.ascii_uppercase + "012345"


def rng_for(seed: int, *parts: object) -> random.Random:
    """Return a generator of its own for one part, so that a change in one leaves the others as they were."""
    return random.Random(":".join(map(str, (seed, *parts))))


def arrays_for(seed: int, *parts: object) -> np.random.Generator:
    """Return a numpy generator of its own for one part."""
    return np.random.default_rng(rng_for(seed, *parts).getrandbits(64))


def pick(rng: random.Random, weights: Mapping[T, float]) -> T:
    """Return one key, drawn by its weight."""
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def apportion(total: int, weights: Sequence[float], minimum: int = 0) -> list[int]:
    """Split ``total`` by weight into whole parts that sum to it exactly (largest remainder)."""
    free = total - minimum * len(weights)
    if free < 0:
        raise ValueError(f"{total} can't give {len(weights)} parts at least {minimum} each")
    scale = free / sum(weights)
    parts = [int(weight * scale) for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (parts[i] - weights[i] * scale, i))
    for i in by_remainder[: free - sum(parts)]:
        parts[i] += 1
    return [part + minimum for part in parts]


def months_after(day: date, months: int) -> date:
    """Return the same day of a later (or, below zero, earlier) month; the day must be 28 at most."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, day.day)


def midnight(day: date) -> datetime:
    """Return the first instant of a day in UTC."""
    return datetime.combine(day, time(), tzinfo=UTC)


def moment(rng: random.Random, day: date) -> datetime:
    """Return an instant of a day in ordinary working hours (UTC)."""
    return midnight(day) + timedelta(seconds=rng.randrange(8 * 3600, 17 * 3600))


def base62(rng: random.Random, length: int) -> str:
    """Return random letters and digits, as billing systems name their objects."""
    return "".join(rng.choices(_BASE62, k=length))


def crm_id(prefix: str, number: int) -> str:
    """Return an 18-character CRM id: prefix, number in base 62, three check characters of letter case."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    short = prefix + digits.rjust(15 - len(prefix), "0")
    check = ""
    for block in (short[0:5], short[5:10], short[10:15]):
        check += _CHECK[
            sum(1 << place for place, letter in enumerate(block) if letter in string.ascii_uppercase)
        ]
    return short + check
