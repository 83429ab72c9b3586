"""Curves over the numbers that accounts really have: how many get how many points, set-based."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise

from django.core.cache import cache
from django.utils.safestring import SafeString

from common.formatting import format_count, format_percent, format_unit
from metrics.health.curves import Curve, points_at
from metrics.health.drawing import draw_curve
from metrics.health.recipe import AMBER_FROM, GREEN_FROM
from metrics.models import HealthScore, RefreshRun
from metrics.registry import metrics
from metrics.statements import load
from people.access import Access, Redacted
from sync.freshness.marks import provisional_numbers

MOST_BARS = 20
KEPT_SECONDS = 600
SMALLEST = Decimal("0.000001")  # stored numbers have six decimals


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """Accounts with a value from ``low`` on and below ``high``, None for no end, by the band of their points."""

    low: Decimal | None
    high: Decimal | None
    red: int = 0
    amber: int = 0
    green: int = 0

    @property
    def accounts(self) -> int:
        """How many they are."""
        return self.red + self.amber + self.green


@dataclass(frozen=True, kw_only=True, slots=True)
class CurveChart:
    """A curve over the values of the accounts scored on a day; ``metrics/_curve.html`` shows it.

    ``redacted`` stands where the reader may not see the values: then there is the curve alone. ``provisional`` says
    which source was stale.
    """

    key: str
    label: str
    unit: str
    curve: Curve
    bars: Sequence[Bar] = ()
    scored: int = 0
    as_of: date | None = None
    redacted: Redacted | None = None
    provisional: str = ""

    @property
    def accounts(self) -> int:
        """How many of those scored have the number."""
        return sum(bar.accounts for bar in self.bars)

    @property
    def title(self) -> str:
        """What the curve makes of the accounts."""
        if self.redacted is not None:
            return "What each value counts"
        if not self.accounts:
            return "No account that is scored has this number yet"
        green = Decimal(sum(bar.green for bar in self.bars)) / self.accounts
        red = Decimal(sum(bar.red for bar in self.bars)) / self.accounts
        whom = format_count(self.accounts, "account")
        return (
            f"{format_percent(green, 0)} of {whom} get {GREEN_FROM} points or more, "
            f"{format_percent(red, 0)} fewer than {AMBER_FROM}"
        )

    @property
    def missing(self) -> int:
        """How many of those scored don't have it."""
        return self.scored - self.accounts

    @property
    def drawing(self) -> SafeString:
        """The curve and the bars as SVG."""
        told = f"{self.label}: {self.title}. Points: {self.words}"
        return draw_curve(
            self.curve, [(b.low, b.high, b.red, b.amber, b.green) for b in self.bars], self.unit, told
        )

    @property
    def words(self) -> str:
        """The pairs of the curve in words."""
        return ", ".join(f"{format_unit(value, self.unit)} → {points:f}" for value, points in self.curve)

    def rows(self) -> list[dict[str, object]]:
        """Return the table behind: from, below, the points at either end, and how many accounts."""
        return [
            {
                "low": bar.low,
                "high": bar.high,
                "range": self._range(bar),
                "points_low": self._points(bar.low, 0),
                "points_high": self._points(bar.high, -1),
                "accounts": bar.accounts,
            }
            for bar in self.bars
        ]

    def _range(self, bar: Bar) -> str:
        low, high = (None if end is None else format_unit(end, self.unit) for end in (bar.low, bar.high))
        return (
            f"below {high}" if low is None else f"{low} or more" if high is None else f"{low} to below {high}"
        )

    def _points(self, value: Decimal | None, end: int) -> Decimal:
        return round(self.curve[end][1] if value is None else points_at(self.curve, value), 1)


def curve_charts(curves: Mapping[str, Curve], as_of: date | None, access: Access) -> dict[str, CurveChart]:
    """Return the chart of each number's curve over its values of a day; at most three queries, kept for ten minutes.

    Values of numbers that the reader may not see are not even asked for. Each curve must be sound (``curve_problem``).
    """
    charts = {}
    redactions = {key: _redaction(key, access) for key in curves}
    shown = {key: curve for key, curve in curves.items() if redactions[key] is None}
    spread, scored = _spread(shown, as_of) if as_of and shown else ({}, 0)
    doubts = provisional_numbers(as_of)
    for key, curve in curves.items():
        declared = metrics.get(key)
        is_open = redactions[key] is None
        charts[key] = CurveChart(
            key=key,
            label=declared.label if declared else key,
            unit=declared.unit if declared else "",
            curve=curve,
            bars=_bars(curve, spread.get(key, {}), is_whole=_is_whole(key)) if is_open else (),
            scored=scored if is_open else 0,
            as_of=as_of,
            redacted=redactions[key],
            provisional=doubts.get(key, "") if is_open else "",
        )
    return charts


def _is_whole(key: str) -> bool:
    """Return whether a number counts days, tickets and the like, rather than being a share."""
    declared = metrics.get(key)
    return declared is None or declared.unit != "ratio"


def _redaction(key: str, access: Access) -> Redacted | None:
    declared = metrics.get(key)
    mark = access.redact(None, declared.category, declared.level) if declared else None
    return mark if isinstance(mark, Redacted) else None


def _spread(curves: Mapping[str, Curve], as_of: date) -> tuple[dict[str, dict[int, int]], int]:
    """Return how many accounts lie in each piece between the cuts of a curve, and how many were scored."""
    wanted = [
        {"key": key, "cuts": [str(cut) for cut in cuts_of(curve, is_whole=_is_whole(key))]}
        for key, curve in sorted(curves.items())
    ]
    text = json.dumps(wanted)
    run = RefreshRun.objects.finished().filter(as_of=as_of).values_list("pk", flat=True).first()
    name = f"health-spread:{as_of}:{run}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    held: tuple[dict[str, dict[int, int]], int] | None = cache.get(name)
    if held is None:
        found: dict[str, dict[int, int]] = defaultdict(dict)
        for key, piece, accounts in load("metrics", "curve_spread", wanted=text, as_of=as_of).fetch():
            found[key][piece] = accounts
        held = dict(found), HealthScore.objects.filter(as_of=as_of).count()
        cache.set(name, held, KEPT_SECONDS)
    return held


def edges_of(curve: Curve, *, is_whole: bool) -> list[Decimal]:
    """Return where the bars of a curve begin and end: alike, and at whole numbers where it counts something."""
    first, last = curve[0][0], curve[-1][0]
    span = last - first
    if is_whole and all(value == value.to_integral_value() for value, _ in curve):
        width = (span / MOST_BARS).to_integral_value(ROUND_CEILING)
        count = int((span / width).to_integral_value(ROUND_CEILING))
        return [min(first + place * width, last) for place in range(count + 1)]
    steps = [first + span * place / MOST_BARS for place in range(MOST_BARS)]
    return sorted({*(round(step, 6) for step in steps), last})


def cuts_of(curve: Curve, *, is_whole: bool) -> list[Decimal]:
    """Return the edges of the bars and the values at which the band changes.

    From one cut on and below the next, all values are in one bar and one band.
    """
    return sorted({*edges_of(curve, is_whole=is_whole), *_turns(curve)})


def _turns(curve: Curve) -> Iterator[Decimal]:
    for (low, points), (high, upper) in pairwise(curve):
        for level in (AMBER_FROM, GREEN_FROM):
            if (points < level) == (upper < level):
                continue
            at = low + (high - low) * (level - points) / (upper - points)
            if points < level:
                yield at.quantize(SMALLEST, ROUND_CEILING)
            else:  # the value at which it falls below still has the points
                yield at.quantize(SMALLEST, ROUND_FLOOR) + SMALLEST


def _bars(curve: Curve, pieces: Mapping[int, int], *, is_whole: bool) -> list[Bar]:
    if not pieces:
        return []
    edges, cuts = edges_of(curve, is_whole=is_whole), cuts_of(curve, is_whole=is_whole)
    counted: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for piece, accounts in pieces.items():
        low = cuts[piece - 1] if piece else curve[0][0]
        place = bisect_right(edges, low) if piece else 0
        counted[place][_band(points_at(curve, low))] += accounts
    ends = [None, *edges, None]
    bars = [Bar(low=low, high=high, **counted[place]) for place, (low, high) in enumerate(pairwise(ends))]
    # Beyond the curve there is a bar only where there is somebody.
    return [bar for bar in bars if bar.accounts or (bar.low is not None and bar.high is not None)]


def _band(points: Decimal) -> str:
    return "red" if points < AMBER_FROM else "amber" if points < GREEN_FROM else "green"
