"""When to try again."""

from __future__ import annotations

FIRST = 30.0
LONGEST = 3600.0
LONGEST_ASKED_FOR = 24 * 3600.0
# A worker waits this long itself rather than give the connection back.
SHORT = 5.0
SHORT_WAITS = 3


def delay(failures: int, chance: float, asked_for: float | None = None) -> float:
    """Return the seconds to wait after so many failures in a row.

    Doubles from half a minute to an hour, with up to half of it taken off at random, so that connections that
    failed together don't come back together. What the system asks for is kept to and only lengthened.
    """
    grown = min(LONGEST, FIRST * float(1 << min(max(failures, 1) - 1, 10)))
    if asked_for is None:
        return grown * (0.5 + 0.5 * chance)
    return min(asked_for, LONGEST_ASKED_FOR) * (1 + 0.1 * chance) + chance
