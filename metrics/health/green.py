"""What would bring an account to green: the cheapest components to move, by gain for effort, limits first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import product
from typing import Any

from accounts.conditions.explain import Finding, explain
from accounts.conditions.expression import ConditionError, parse_condition
from metrics.health.curves import Curve, curve_of, first_value_with, points_at
from metrics.health.easing import Bound, Way, holds_after, ways_out
from metrics.health.effort import spreads
from metrics.health.parts import PLACES, ZERO, added_up, parts_of, to_shown
from metrics.health.recipe import GREEN_FROM
from metrics.health.redaction import CLOSED_LIMIT, closed, is_open
from metrics.models import HealthGroup, HealthLimit, HealthScore, MetricValue
from metrics.registry import metrics
from people.access import Access

MOST_PROPOSALS = 3
MOST_COMBINATIONS = 16
GREEN = Decimal(GREEN_FROM)
# What passes by itself is nobody's move: a renewal comes nearer whatever one does.
UNMOVED = frozenset({HealthGroup.CONTRACT.value})


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """One number to move: from ``now`` to ``to`` in ``unit``; ``gain`` in points, ``effort`` as a share of the spread.

    ``lifts`` names the limit that this is for, where it is for one.
    """

    key: str
    label: str
    unit: str
    now: Decimal
    to: Decimal
    gain: Decimal
    effort: Decimal
    lifts: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """Moves that together bring the score to ``reaches``, limits first and then by gain for effort."""

    moves: Sequence[Move]
    effort: Decimal
    reaches: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Ceiling:
    """A limit that keeps the score below green, and whether any number that the reader sees would lift it."""

    label: str
    points: Decimal
    can_be_lifted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class WayToGreen:
    """What would bring a score to green.

    ``best`` is the most that it reaches with every movable component at its best and every liftable limit lifted.
    ``unmoved`` are components that are left as they are, with the reason.
    """

    score: HealthScore
    lacking: Decimal
    ceilings: Sequence[Ceiling]
    proposals: Sequence[Proposal]
    best: Decimal
    unmoved: Sequence[tuple[str, str]]

    @property
    def is_reachable(self) -> bool:
        """Whether there is a way."""
        return bool(self.proposals)

    @property
    def fixed(self) -> Sequence[str]:
        """The limits that nothing here lifts."""
        return [ceiling.label for ceiling in self.ceilings if not ceiling.can_be_lifted]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """A component that may be moved: its curve, its weight as a share of what is present, and where it stands.

    ``upwards`` is the way that is good news of its number, None for either: more tickets are no advice, even where the
    curve gives a few points for them.
    """

    key: str
    label: str
    unit: str
    share: Decimal
    curve: Curve
    value: Decimal
    spread: Decimal
    upwards: bool | None

    def points(self, value: Decimal) -> Decimal:
        return to_shown(points_at(self.curve, value))  # as the refresh keeps them

    def gain(self, start: Decimal, end: Decimal) -> Decimal:
        return self.share * (self.points(end) - self.points(start))

    def effort(self, start: Decimal, end: Decimal) -> Decimal:
        return abs(end - start) / self.spread

    @property
    def sides(self) -> tuple[bool, ...]:
        return (True, False) if self.upwards is None else (self.upwards,)


@dataclass(frozen=True, slots=True)
class _Step:
    """A stretch of a component's way up: what it gains for its effort."""

    part: _Part
    start: Decimal
    end: Decimal

    @property
    def slope(self) -> Decimal:
        return self.part.gain(self.start, self.end) / self.part.effort(self.start, self.end)


def way_to_green(score: HealthScore, access: Access) -> WayToGreen | None:
    """Return what would bring a score ``with_parts()`` to green; None where it has no number, or is green.

    Effort is the move as a share of the distance from the 10th to the 90th of 100 accounts in that number on that day,
    of the width of the curve where accounts are all alike. Proposals are sound by the model's own arithmetic: whoever
    scored these numbers would get what they say. Five queries, one more a limit.
    """
    if score.exact is None or score.score is None or score.score >= GREEN:
        return None
    parts = parts_of(score)
    curves = {one.key: curve_of(one.curve) for one in score.model.components.all()}
    present = [part for part in parts if part.added is not None]
    whole = sum((part.weight for part in present), ZERO)
    widths = spreads(score.as_of, [part.key for part in present])
    movable: dict[str, _Part] = {}
    unmoved: list[tuple[str, str]] = []
    for part in parts:
        reason = _why_unmoved(part.key, part.group, part.value, access)
        if reason:
            unmoved.append((part.label, reason))
            continue
        assert part.value is not None
        curve = curves[part.key]
        declared = metrics.get(part.key)
        movable[part.key] = _Part(
            key=part.key,
            label=part.label,
            unit=declared.unit if declared else "",
            share=part.weight / whole,
            curve=curve,
            value=part.value,
            spread=widths.get(part.key) or curve[-1][0] - curve[0][0],
            upwards=declared.direction == "up" if declared and declared.direction else None,
        )
    ceilings, ways, findings = _ceilings(score, access)
    added = added_up(parts)
    forced = [_forced(way, movable, score, access) for way in _combinations(ways)]
    plans = [one for one in forced if one is not None]
    open_ceilings = [ceiling for ceiling, its in zip(ceilings, ways, strict=True) if its and plans]
    ceilings = [
        Ceiling(label=one.label, points=one.points, can_be_lifted=one in open_ceilings) for one in ceilings
    ]
    proposals = [
        found
        for plan in plans
        for found in _proposals(added, movable, plan)
        if not any(holds_after(one, {move.key: move.to for move in found.moves}) for one in findings)
    ]
    top = added + sum((_best_gain(part) for part in movable.values()), ZERO)
    held = [ceiling.points for ceiling in ceilings if not ceiling.can_be_lifted]
    return WayToGreen(
        score=score,
        lacking=to_shown(GREEN - score.exact),
        ceilings=ceilings,
        proposals=_chosen(proposals) if not held else (),
        best=to_shown(min([top, *held])),
        unmoved=unmoved,
    )


def _why_unmoved(key: str, group: str, value: Decimal | None, access: Access) -> str:
    if not is_open(key, access):
        return "not shown to you"
    if value is None:
        return "missing, so nobody knows what they would add"
    return "since time moves them" if group in UNMOVED else ""


def _ceilings(score: HealthScore, access: Access) -> tuple[list[Ceiling], list[list[Way]], list[Finding]]:
    """Return the limits in force that keep a score from green with the ways out of each, and what all of them find.

    Those that don't hold now would hold with other numbers. One query a limit.
    """
    found: list[Ceiling] = []
    ways: list[list[Way]] = []
    findings: list[Finding] = []
    for limit in score.model.limits.all():
        if limit.kind != HealthLimit.Kind.CEILING or limit.points >= GREEN:
            continue
        try:
            condition = parse_condition(limit.condition)
            told = explain(condition, [score.account_id], as_of=score.as_of, numbers_on=score.as_of)
        except ConditionError:
            continue
        finding = told[score.account_id]
        findings.append(finding)
        if not finding.holds:
            continue
        label = CLOSED_LIMIT if closed(limit.condition, access) else limit.label
        found.append(Ceiling(label=label, points=limit.points, can_be_lifted=False))
        ways.append(
            [way for way in ways_out(finding) if all(key in metrics and is_open(key, access) for key in way)]
        )
    return found, ways, findings


def _combinations(ways: Sequence[Sequence[Way]]) -> list[Way]:
    """Return ways to lift every limit at once, the fewest numbers first."""
    found: list[Way] = []
    for several in list(product(*ways))[:MOST_COMBINATIONS]:
        joined: dict[str, Bound] = {}
        is_sound = True
        for way in several:
            for key, bound in way.items():
                held = joined.get(key)
                if held is not None and held.above is not bound.above:
                    is_sound = False
                elif held is None or (bound.value > held.value) is bound.above:
                    joined[key] = bound
        if is_sound:
            found.append(joined)
    return sorted(found, key=len)


def _forced(way: Way, movable: Mapping[str, _Part], score: HealthScore, access: Access) -> list[Move] | None:
    """Return the moves that lift the limits; None where one of them can't be told."""
    others = [key for key in way if key not in movable]
    stored = (
        dict(
            MetricValue.objects.filter(
                account_id=score.account_id, as_of=score.as_of, key__in=others
            ).values_list("key", "value")
        )
        if others
        else {}
    )
    widths = spreads(score.as_of, others) if others else {}
    moves = []
    for key, bound in way.items():
        part = movable.get(key)
        now = part.value if part else stored.get(key)
        if now is None:
            return None
        declared = metrics[key]
        if part is None and key in {one.key for one in parts_of(score)}:
            return None  # a component that nobody moves
        grain = _grain(declared.unit, now)
        to = bound.value if bound.reaches else bound.value + (grain if bound.above else -grain)
        spread = part.spread if part else widths.get(key) or max(abs(now), Decimal(1))
        moves.append(
            Move(
                key=key,
                label=part.label if part else declared.label,
                unit=declared.unit,
                now=now,
                to=to,
                gain=part.gain(now, to) if part else ZERO,
                effort=abs(to - now) / spread,
                lifts="limit",
            )
        )
    return moves


def _proposals(added: Decimal, movable: Mapping[str, _Part], forced: Sequence[Move]) -> list[Proposal]:
    """Return different sets of moves that reach green on top of those that lift the limits."""
    # What lifts a limit may go on the same way, and not back.
    begun = {move.key: (move.to, move.to > move.now) for move in forced}
    start = added + sum((move.gain for move in forced), ZERO)
    found: list[Proposal] = []
    if start.quantize(PLACES, ROUND_HALF_UP) >= GREEN:
        return [_proposal(added, movable, forced, {})]
    parts = list(movable.values())
    # Each next one does without what took most effort in the one before.
    barred: set[str] = set()
    while len(found) < MOST_PROPOSALS:
        ends = _cheapest([part for part in parts if part.key not in barred], begun, GREEN - start)
        if not ends:
            break
        found.append(_proposal(added, movable, forced, ends))
        barred.add(max(ends, key=lambda key: movable[key].effort(_start(movable[key], begun), ends[key])))
    for part in parts:  # whoever would rather move one number alone
        ends = _cheapest([part], begun, GREEN - start)
        if ends:
            found.append(_proposal(added, movable, forced, ends))
    return found


Begun = Mapping[str, tuple[Decimal, bool]]


def _start(part: _Part, begun: Begun) -> Decimal:
    return begun[part.key][0] if part.key in begun else part.value


def _cheapest(parts: Sequence[_Part], begun: Begun, need: Decimal) -> dict[str, Decimal]:
    """Return where to move numbers so that they gain ``need`` with the least effort; nothing where they can't.

    Stretches of the curves are taken by gain for effort, along each curve's upper hull, so that nothing cheaper is
    left out; the last is cut where it suffices.
    """
    steps = [step for part in parts for step in _stretches(part, begun)]
    steps.sort(key=lambda step: step.slope, reverse=True)
    ends: dict[str, Decimal] = {}
    left = need
    for step in steps:
        start = _start(step.part, begun)
        gain = step.part.gain(step.start, step.end)
        if gain < left:
            ends[step.part.key] = step.end
            left -= gain
            continue
        wanted = step.part.points(step.start) + left / step.part.share
        ends[step.part.key] = _cut(step, start, wanted)
        return _without_needless(ends, {part.key: part for part in parts}, begun, need)
    return {}


def _stretches(part: _Part, begun: Begun) -> list[_Step]:
    """Return the way up in the better direction, as the upper hull of what the curve gives."""
    start = _start(part, begun)
    sides = (begun[part.key][1],) if part.key in begun else part.sides
    ways = [hull for upwards in sides if (hull := _hull(part, start, upwards=upwards))]
    return max(ways, key=lambda hull: hull[0].slope, default=[])


def _hull(part: _Part, start: Decimal, *, upwards: bool) -> list[_Step]:
    best = part.points(start)
    ends = []
    knots = [pair for pair in part.curve if (pair[0] > start if upwards else pair[0] < start)]
    for value, _ in knots if upwards else reversed(knots):
        if part.points(value) > best:
            best = part.points(value)
            ends.append(value)
    hull: list[_Step] = []
    for end in ends:
        step = _Step(part, start, end)
        while hull and step.slope >= hull[-1].slope:
            step = _Step(part, hull.pop().start, end)
        hull.append(step)
        start = end
    return hull


def _cut(step: _Step, start: Decimal, wanted: Decimal) -> Decimal:
    """Return the nearest round value of a stretch that gives the points wanted, its end where none does."""
    part, upwards = step.part, step.end > start
    exact = first_value_with(part.curve, start, min(wanted, part.points(step.end)), upwards=upwards)
    if exact is None:
        return step.end
    grain = _grain(part.unit, part.value)
    rounded = (exact / grain).to_integral_value(ROUND_CEILING if upwards else ROUND_FLOOR) * grain
    is_within = rounded <= step.end if upwards else rounded >= step.end
    return rounded if is_within and part.points(rounded) >= wanted else step.end


def _without_needless(
    ends: dict[str, Decimal], parts: Mapping[str, _Part], begun: Begun, need: Decimal
) -> dict[str, Decimal]:
    """Drop moves that rounding made needless, the dearest first."""

    def start(key: str) -> Decimal:
        return _start(parts[key], begun)

    for key in sorted(ends, key=lambda key: parts[key].effort(start(key), ends[key]), reverse=True):
        rest = {other: end for other, end in ends.items() if other != key}
        if rest and sum((parts[one].gain(start(one), end) for one, end in rest.items()), ZERO) >= need:
            ends = rest
    return ends


def _proposal(
    added: Decimal, movable: Mapping[str, _Part], forced: Sequence[Move], ends: Mapping[str, Decimal]
) -> Proposal:
    moves = {move.key: move for move in forced}
    for key, end in ends.items():
        part = movable[key]
        moves[key] = Move(
            key=key,
            label=part.label,
            unit=part.unit,
            now=part.value,
            to=end,
            gain=part.gain(part.value, end),
            effort=part.effort(part.value, end),
            lifts=moves[key].lifts if key in moves else "",
        )
    ordered = sorted(moves.values(), key=lambda move: (not move.lifts, -(move.gain / move.effort), move.key))
    reaches = added + sum((move.gain for move in ordered), ZERO)
    return Proposal(
        moves=ordered,
        effort=sum((move.effort for move in ordered), ZERO),
        reaches=to_shown(min(reaches, Decimal(100))),
    )


def _chosen(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Return the proposals that differ in what they move, the least effort first."""
    found: dict[frozenset[str], Proposal] = {}
    for one in sorted(proposals, key=lambda proposal: (proposal.effort, len(proposal.moves))):
        found.setdefault(frozenset(move.key for move in one.moves), one)
    return list(found.values())[:MOST_PROPOSALS]


def _best_gain(part: _Part) -> Decimal:
    return max(part.gain(part.value, end) for end in _within_reach(part))


def _within_reach(part: _Part) -> list[Decimal]:
    """Return where it stands, and the values of the curve on the way that is good news."""
    knots = [value for value, _ in part.curve]
    return [part.value, *(value for value in knots if any((value > part.value) is up for up in part.sides))]


def _grain(unit: str, now: Decimal) -> Decimal:
    """Return in which steps a number is told: a hundredth of a ratio, whole things where it is counted in whole."""
    if unit == "ratio":
        return Decimal("0.01")
    return Decimal(1) if now == now.to_integral_value() else Decimal("0.1")


def told_way(way: WayToGreen) -> dict[str, Any]:
    """Return a way to green as plain values, for panels and the API."""
    return {
        "lacking": way.lacking,
        "best": way.best,
        "fixed": list(way.fixed),
        "ceilings": [
            {"label": one.label, "points": one.points, "can_be_lifted": one.can_be_lifted}
            for one in way.ceilings
        ],
        "unmoved": [{"label": label, "reason": reason} for label, reason in way.unmoved],
        "proposals": [
            {
                "reaches": one.reaches,
                "effort": one.effort,
                "moves": [
                    {
                        "key": move.key,
                        "label": move.label,
                        "unit": move.unit,
                        "now": move.now,
                        "to": move.to,
                        "gain": to_shown(move.gain),
                        "effort": move.effort,
                        "lifts": move.lifts,
                    }
                    for move in one.moves
                ],
            }
            for one in way.proposals
        ],
    }
