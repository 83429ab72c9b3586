"""The life of an account: its terms, how its revenue steps, and how usage leads each step.

Everything else follows from here. Usage rises for five months before an expansion and falls for half a
year before a contraction or a loss; tickets rise, bills are paid later, and contacts and sponsors fall silent in the
same months. So that nobody can tell a loss for certain, some come without any sign, and some of those who stay go
through as bad a time.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo.company.chance import months_after, pick

HISTORY_MONTHS = 30

# What no score can know: the share of losses that come without a sign, and of steady customers who had a bad spell of
# some months within the last year and a half, and stayed.
SILENT_LOSSES = 0.1
FALSE_ALARMS = 0.3

RAMP_UP = timedelta(days=150)
RAMP_DOWN = timedelta(days=190)
ONBOARDING = timedelta(days=80)

_TERM_MONTHS: dict[str, dict[int, float]] = {
    "strategic": {12: 4, 24: 3, 36: 3},
    "enterprise": {12: 8, 24: 2},
    "growth": {12: 1},
    "standard": {12: 1},
}


@dataclass(frozen=True, slots=True)
class Term:
    """One contract's span; ``end`` is None for one that runs month to month.

    ``steps`` are (day, level): the relative revenue from that day on; the first is the start.
    """

    start: date
    end: date | None
    steps: tuple[tuple[date, float], ...]

    @property
    def is_rolling(self) -> bool:
        return self.end is None


@dataclass(slots=True)
class Life:
    """What becomes of an account over the years, in relative terms; empty for those that never bought.

    ``dips`` are bad spells that passed: (first day, worst day, last day, share of the usage missing at worst).
    """

    story: str
    terms: list[Term] = field(default_factory=list)
    trial: tuple[date, date] | None = None
    end: date | None = None
    declines: list[tuple[date, date]] = field(default_factory=list)
    knots: list[tuple[date, float]] = field(default_factory=list)
    dips: list[tuple[date, date, date, float]] = field(default_factory=list)
    is_silent: bool = False

    @property
    def start(self) -> date | None:
        """The first day as a paying customer."""
        return self.terms[0].start if self.terms else None

    def last_level(self) -> float:
        """Return the relative revenue now, or at the end."""
        return self.terms[-1].steps[-1][1]

    def usage(self, days: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return usage on each day (proleptic ordinals), where 1 matches the revenue paid now or last."""
        if not self.knots:
            return np.zeros(len(days))
        usage = np.interp(
            days, [day.toordinal() for day, _ in self.knots], [value for _, value in self.knots], 0.0
        )
        for first, worst, last, share in self.dips:
            ends = [first.toordinal(), worst.toordinal(), last.toordinal()]
            usage = usage * (1 - share * np.interp(days, ends, [0.0, 1.0, 0.0]))
        return usage

    def distress(self, day: date) -> float:
        """Return how badly things go on a day: 0 where they go well, then up to 1 as a decline goes on."""
        return max(((day - a) / (b - a) for a, b in self.declines if a < day < b), default=0.0)


class _Knots:
    """Usage as straight pieces between days that only move forward."""

    def __init__(self) -> None:
        self.points: list[tuple[date, float]] = []

    def add(self, day: date, value: float) -> None:
        if self.points and day <= self.points[-1][0]:
            day = self.points[-1][0] + timedelta(days=1)
        self.points.append((day, value))

    def at(self, day: date) -> float:
        """Return the value on a day, level after the last point."""
        place = bisect_right([point[0] for point in self.points], day)
        if place == 0:
            return 0.0
        (day_a, a) = self.points[place - 1]
        if place == len(self.points):
            return a
        (day_b, b) = self.points[place]
        return a + (b - a) * ((day - day_a) / (day_b - day_a))

    def ramp(self, first: date, last: date, value: float) -> None:
        """Stay level until ``first`` or the last point, then go straight to ``value`` at ``last``."""
        if self.points and first > self.points[-1][0]:
            self.add(first, self.points[-1][1])
        self.add(last, value)


def _month_day(rng: random.Random) -> int:
    """Most contracts start with a month, some in the middle, the rest on any day."""
    return rng.choices((1, 15, rng.randint(2, 28)), weights=(60, 15, 25))[0]


def _growth(rng: random.Random, story: str, *, at_renewal: bool) -> float:
    """Return the factor of one ordinary step; 1 means that nothing changes."""
    if story == "rising":
        if at_renewal:
            return rng.uniform(1.10, 1.36)
        return rng.uniform(1.08, 1.30) if rng.random() < 0.7 else 1.0
    if at_renewal:
        return rng.uniform(1.02, 1.06) if rng.random() < 0.6 else 1.0
    return rng.uniform(1.04, 1.14) if rng.random() < 0.14 else 1.0


class _Telling:
    """One life while it is being made up."""

    def __init__(self, rng: random.Random, story: str, tier: str, today: date, *, is_silent: bool) -> None:
        self.rng = rng
        self.is_silent = is_silent
        self.tier = tier
        self.today = today
        self.month = today.replace(day=1)
        self.life = Life(story)
        self.knots = _Knots()
        self.level = 1.0

    def start_ago(self, months: int) -> date:
        return months_after(self.month, -months).replace(day=_month_day(self.rng))

    def run(
        self, start: date, term_months: int | None, end: date | None, contraction: date | None = None
    ) -> None:
        """Tell the years from ``start`` to ``end`` (or today) in terms of equal length, or month to month.

        On ``contraction`` the revenue falls, at a renewal or inside a term.
        """
        rng, story = self.rng, self.life.story
        if self.knots.points:
            self.knots.add(start - timedelta(days=1), 0.0)
        self.knots.add(start, 0.2 * self.level)
        self.knots.add(start + ONBOARDING, self.level)
        # Nothing grows while an account is on its way out.
        quiet_from = min(day for day in (end, contraction, date.max) if day) - RAMP_DOWN - RAMP_UP
        if story == "at_risk":
            quiet_from = self.today - RAMP_DOWN - RAMP_UP
        term_start = start
        while term_start <= self.today and (end is None or term_start < end):
            term_end = end if term_months is None else months_after(term_start, term_months)
            steps = [(term_start, self.level)]
            year = term_start
            while year < self.today and (term_end is None or year < term_end):
                if year != term_start and year < quiet_from:
                    steps += self._step(year, _growth(rng, story, at_renewal=True))
                step = months_after(year, rng.randint(4, 9))
                if contraction and year <= contraction < months_after(year, 12) and contraction > term_start:
                    steps.append((contraction, self._shrink(contraction)))
                elif step < min(self.today, quiet_from, term_end or date.max):
                    steps += self._step(step, _growth(rng, story, at_renewal=False))
                year = months_after(year, 12)
            self.life.terms.append(Term(term_start, term_end, tuple(steps)))
            if term_end is None or term_end > self.today:
                break
            if term_end == contraction:
                self._shrink(term_end)
            elif term_end != end and term_end < quiet_from:
                self._grow(term_end, _growth(rng, story, at_renewal=True))
            term_start = term_end
        if end is not None:
            self._leave(end)

    def _step(self, day: date, factor: float) -> list[tuple[date, float]]:
        return [(day, self._grow(day, factor))] if factor != 1.0 else []

    def _grow(self, day: date, factor: float) -> float:
        self.level *= factor
        self.knots.ramp(day - RAMP_UP, day - timedelta(days=5), self.level)
        return self.level

    def _shrink(self, day: date) -> float:
        self.level *= self.rng.uniform(0.55, 0.88)
        self.knots.ramp(day - RAMP_DOWN, day - timedelta(days=10), 0.92 * self.level)
        self.life.declines.append((day - RAMP_DOWN, day + timedelta(days=20)))
        return self.level

    def _leave(self, day: date) -> None:
        self.life.end = day
        self.life.is_silent = self.is_silent
        if self.life.is_silent:
            last = day - timedelta(days=1)
            self.knots.add(last, self.knots.at(last))
            self.knots.add(day, 0.0)
            return
        self.life.declines.append((day - RAMP_DOWN, day))
        self.knots.ramp(day - RAMP_DOWN, day - timedelta(days=2), 0.08 * self.level)
        self.knots.add(day, 0.0)

    def done(self) -> Life:
        scale = 1 / self.life.last_level() if self.life.terms else 1.0
        self.life.knots = [(day, value * scale) for day, value in self.knots.points]
        return self.life


def tell_life(rng: random.Random, story: str, tier: str, today: date, *, is_silent: bool) -> Life:
    """Make up one account's life; a loss in it comes without a sign where it ``is_silent``.

    Stories: ``rising``, ``steady``, ``shrinking``, ``at_risk``, ``churned``, ``returned`` and ``new`` for
    those that bought; ``trial`` for a prospect that tries the product; ``none`` for the rest.
    """
    if story == "none":
        return Life(story)
    telling = _Telling(rng, story, tier, today, is_silent=is_silent)
    term_months: int | None = pick(rng, _TERM_MONTHS[tier])
    if tier == "standard" and story != "at_risk" and rng.random() < 0.3:
        term_months = None
    match story:
        case "trial":
            start = today - timedelta(days=rng.randint(6, 26))
            telling.life.trial = (start, start + timedelta(days=30))
            telling.knots.add(start, 0.15)
            telling.knots.add(start + timedelta(days=30), rng.uniform(0.3, 0.7))
            return telling.done()
        case "new":
            telling.run(telling.start_ago(rng.randint(1, 11)), term_months, None)
        case "churned":
            _tell_loss(telling, term_months, ended_ago=rng.randint(1, 18))
        case "returned":
            gap = rng.randint(2, 7)
            ended_ago = rng.randint(gap + 2, gap + 16)
            first_end = _tell_loss(telling, term_months and 12, ended_ago=ended_ago)
            telling.level *= rng.uniform(0.6, 1.3)
            telling.run(months_after(first_end, gap), term_months, None)
            telling.life.end = None
        case "at_risk":
            renewal = months_after(telling.month, rng.randint(1, 5)).replace(day=_month_day(rng))
            telling.run(months_after(renewal, -12 * rng.randint(1, 3)), 12, None)
            _fall_now(telling, days=rng.randint(40, 80), to=max(0.0, rng.uniform(-0.1, 0.2)))
        case "shrinking":
            _tell_contraction(telling, term_months)
        case _:
            telling.run(telling.start_ago(_tenure(rng)), term_months, None)
            _finish_quietly(telling)
            if story == "steady" and rng.random() < FALSE_ALARMS:
                _raise_false_alarm(telling)
    if rng.random() < 0.3 and telling.life.start:
        first = telling.life.start
        telling.life.trial = (first - timedelta(days=rng.choice((14, 21, 30))), first)
    return telling.done()


def _tenure(rng: random.Random) -> int:
    """Months since the first contract: most were customers when the history begins."""
    if rng.random() < 0.62:
        return rng.randint(HISTORY_MONTHS, HISTORY_MONTHS + 11)
    return rng.randint(12, HISTORY_MONTHS - 1)


def _tell_loss(telling: _Telling, term_months: int | None, *, ended_ago: int) -> date:
    """Tell the years up to a loss at the end of a paid period; return that day."""
    rng = telling.rng
    end = telling.start_ago(ended_ago)
    years = rng.choice((1, 1, 2)) if ended_ago <= HISTORY_MONTHS - 12 else 1
    telling.run(months_after(end, -12 * years), term_months and 12, end)
    return end


def _tell_contraction(telling: _Telling, term_months: int | None) -> None:
    """Tell years with a contraction within the last ten months: at the renewal, or agreed within the term."""
    rng = telling.rng
    contraction = telling.start_ago(rng.randint(1, 10))
    years = rng.choice((1, 2, 2))
    if term_months is None or rng.random() < 0.35:
        start = months_after(contraction, -12 * years - rng.randint(3, 8))
    else:
        start = months_after(contraction, -12 * years)
    telling.run(start, term_months and 12, None, contraction)


def _finish_quietly(telling: _Telling) -> None:
    """Carry usage on to today: rising, or past a bad quarter that was mended, or in a bad month."""
    rng, today = telling.rng, telling.today
    last = telling.knots.points[-1][0]
    if rng.random() < 0.18:
        _fall_now(telling, days=rng.randint(35, 60), to=rng.uniform(0.4, 0.75))
    elif telling.life.story == "rising":
        if last < today - timedelta(days=100):
            telling.knots.ramp(today - timedelta(days=110), today + timedelta(days=30), 1.3 * telling.level)
    elif last < today - timedelta(days=160) and rng.random() < 0.2:
        bottom = today - timedelta(days=rng.randint(60, 110))
        telling.knots.ramp(bottom - timedelta(days=40), bottom, 0.75 * telling.level)
        telling.knots.add(bottom + timedelta(days=45), telling.level)
        telling.life.declines.append((bottom - timedelta(days=30), bottom + timedelta(days=20)))


def _raise_false_alarm(telling: _Telling) -> None:
    """Let things go as badly for some months as before a loss, and then well again."""
    rng, life = telling.rng, telling.life
    worst = telling.today - timedelta(days=rng.randint(120, 540))
    first = worst - timedelta(days=rng.randint(90, 160))
    if life.start is None or first < life.start + ONBOARDING:
        return
    life.dips.append((first, worst, worst + timedelta(days=rng.randint(30, 60)), rng.uniform(0.45, 0.8)))
    life.declines.append((first, worst + timedelta(days=15)))


def _fall_now(telling: _Telling, *, days: int, to: float) -> None:
    """Let usage fall since ``days`` ago to a share of what it was, in a decline that isn't over."""
    today = telling.today
    telling.knots.ramp(today - timedelta(days=days), today - timedelta(days=12), to * telling.level)
    telling.life.declines.append((today - timedelta(days=days + 15), today + timedelta(days=10)))
