"""How unevenly revenue is spread over accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from common.charts import Point

CURVE_POINTS = 50


@dataclass(frozen=True, kw_only=True)
class Concentration:
    """Shares as ratios; ``hhi`` is the sum of squared shares in per cent, 0 to 10,000."""

    accounts: int
    top_1: Decimal
    top_5: Decimal
    top_10: Decimal
    top_fifth: Decimal
    hhi: Decimal
    curve: Sequence[Point]


def concentration_of(amounts: Sequence[Decimal]) -> Concentration:
    """Measure amounts above zero, the largest first; the top fifth is rounded down, but is one at least.

    The curve runs from the largest account to the smallest, as ratios of both.
    """
    whole = sum(amounts, Decimal(0))
    if not whole:
        nothing = Decimal(0)
        return Concentration(
            accounts=0, top_1=nothing, top_5=nothing, top_10=nothing, top_fifth=nothing, hhi=nothing, curve=()
        )

    def top(count: int) -> Decimal:
        return sum(amounts[:count], Decimal(0)) / whole

    return Concentration(
        accounts=len(amounts),
        top_1=top(1),
        top_5=top(5),
        top_10=top(10),
        top_fifth=top(max(len(amounts) // 5, 1)),
        hhi=sum(((amount / whole * 100) ** 2 for amount in amounts), Decimal(0)),
        curve=_curve(amounts, whole),
    )


def _curve(falling: Sequence[Decimal], whole: Decimal) -> list[Point]:
    step = max(len(falling) // CURVE_POINTS, 1)
    points = [Point(name="0", x=0, y=0)]
    held = Decimal(0)
    for number, amount in enumerate(falling, start=1):
        held += amount
        if number % step == 0 or number == len(falling):
            points.append(
                Point(name=f"{number}", x=round(number / len(falling), 4), y=round(held / whole, 4))
            )
    return points
