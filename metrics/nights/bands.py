"""The band in which a number usually lies, from the nights before.

Median and median absolute deviation, as Iglewicz and Hoaglin (How to Detect and Handle Outliers, ASQC 1993) judge by
them: a value is an outlier where 0.6745 × |value − median| ÷ MAD is above 3.5, which is the same as lying more than 3.5
times 1.4826 × MAD from the median. Few outliers among the nights before don't widen it, as they would a standard
deviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

NIGHTS = 28
LEAST_NIGHTS = 7
K = Decimal("3.5")
# What makes the deviation comparable with a standard deviation where values are spread normally.
OF_MAD = Decimal("1.4826")
OF_MEAN_DEVIATION = Decimal("1.2533")
# Nobody wants to be told of less than this share of the median, however steady a number was.
LEAST_SHARE = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Band:
    """From where to where a number usually lies, and how that was reckoned.

    ``deviation`` is the MAD; where more than half of the nights are equal, so that it is 0, the mean absolute deviation
    (``is_mean``). ``half`` is half the width, at least a hundredth of the median (``is_least``).
    """

    nights: int
    median: Decimal
    deviation: Decimal
    half: Decimal
    is_mean: bool
    is_least: bool

    @property
    def low(self) -> Decimal:
        """The lower end."""
        return self.median - self.half

    @property
    def high(self) -> Decimal:
        """The upper end."""
        return self.median + self.half

    def holds(self, value: Decimal) -> bool:
        """Return whether a value lies within, its ends included."""
        return self.low <= value <= self.high


def band_of(before: Sequence[Decimal]) -> Band | None:
    """Return the band of the nights before; None where there are fewer than 7, or all of them were 0."""
    if len(before) < LEAST_NIGHTS:
        return None
    middle = median(before)
    away = [abs(value - middle) for value in before]
    mad = median(away)
    deviation, scale = (mad, OF_MAD) if mad else (sum(away, Decimal()) / len(away), OF_MEAN_DEVIATION)
    least = LEAST_SHARE * abs(middle)
    half = max(K * scale * deviation, least)
    if not half:
        return None
    return Band(len(before), middle, deviation, half, is_mean=not mad, is_least=half == least)
