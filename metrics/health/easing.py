"""How a condition that holds would cease to hold: which numbers would have to lie where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from accounts.conditions.explain import Finding

# More ways than these are no advice any more.
MOST_WAYS = 12
# Where a value lies for which the comparison holds, by its sign: above or below the threshold, and at it too.
SIDES: Mapping[str, tuple[bool, bool]] = {
    "≥": (True, True),
    ">": (True, False),
    "≤": (False, True),
    "<": (False, False),
}


@dataclass(frozen=True, slots=True)
class Bound:
    """Where a number must lie: ``above`` or below ``value``, or at it where ``reaches``."""

    above: bool
    value: Decimal
    reaches: bool

    def holds(self, number: Decimal) -> bool:
        """Return whether a number lies there."""
        if number == self.value:
            return self.reaches
        return (number > self.value) is self.above


Way = Mapping[str, Bound]


def ways_out(finding: Finding, *, wanted: bool = False) -> list[Way]:
    """Return the ways in which a finding comes out as ``wanted``: each names numbers with where they must lie.

    An empty way is one that is open already; no way at all means that no number leads there.
    """
    if finding.kind == "leaf":
        return _of_leaf(finding, wanted)
    if finding.kind == "not":
        return ways_out(finding.parts[0], wanted=not wanted)
    each = [ways_out(part, wanted=wanted) for part in finding.parts]
    if (finding.kind == "all") is wanted:
        joined = (_joined(ways) for ways in product(*each))
        return [way for way in joined if way is not None][:MOST_WAYS]
    return [way for ways in each for way in ways][:MOST_WAYS]


def _of_leaf(finding: Finding, wanted: bool) -> list[Way]:
    if finding.holds is wanted:
        return [{}]
    side = SIDES.get(finding.operator)
    if side is None or finding.missing or not isinstance(finding.threshold, int | float | Decimal):
        return []
    above, reaches = side
    bound = Decimal(str(finding.threshold))
    return [{finding.field: Bound(above, bound, reaches) if wanted else Bound(not above, bound, not reaches)}]


def holds_after(finding: Finding, moved: Mapping[str, Decimal]) -> bool:
    """Return whether a condition would hold with these numbers in the place of those that it found."""
    if finding.kind == "leaf":
        return _compares(finding, moved)
    parts = [holds_after(part, moved) for part in finding.parts]
    if finding.kind == "not":
        return not parts[0]
    return all(parts) if finding.kind == "all" else any(parts)


def _compares(finding: Finding, moved: Mapping[str, Decimal]) -> bool:
    number, threshold = moved.get(finding.field), finding.threshold
    if number is None:
        return bool(finding.holds)
    if finding.operator in SIDES and isinstance(threshold, int | float | Decimal):
        above, reaches = SIDES[finding.operator]
        return Bound(above, Decimal(str(threshold)), reaches).holds(number)
    if finding.operator == "is between":
        low, high = (Decimal(str(end)) for end in threshold)
        return low <= number <= high
    if finding.operator in ("=", "≠"):
        return (number == Decimal(str(threshold))) is (finding.operator == "=")
    return bool(finding.holds)


def _joined(ways: tuple[Way, ...]) -> Way | None:
    """Return ways taken together; None where they ask for both sides of a number."""
    found: dict[str, Bound] = {}
    for way in ways:
        for key, bound in way.items():
            held = found.get(key)
            if held is None or held == bound:
                found[key] = bound
            elif held.above is not bound.above:
                return None
            elif (bound.value > held.value) is bound.above:
                found[key] = bound
    return found
