"""Segment numbers that are ratios of what accounts bring, such as a mean: declared once, added up by any segment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from metrics.registry import (
    SEGMENTS,
    AccountParts,
    Definition,
    SegmentMetric,
    account_parts,
    segment_definitions,
    segment_metrics,
)
from metrics.statements import Statement, load
from people.access import Access
from people.models import Category, Level

Parts = Callable[[date], Statement]

# The dimensions that every segment number is told by, with what is said where no one segment is asked for.
DIMENSIONS = {"all": "All accounts", "tier": "By tier", "industry": "By industry", "country": "By country"}
# With those that only some are told by: their declarations name them.
EVERY_DIMENSION = {**DIMENSIONS, "renewal_quarter": "By renewal quarter"}
# What it takes to know where accounts stand by a dimension, beside what the number itself takes.
ALSO_TAKES = {"renewal_quarter": Category.CONTRACTS}


def closed_category(definition: Definition, dimension: str, access: Access) -> Category | None:
    """Return the category that keeps a reader from a number by a dimension, None where none does."""
    if not access.allows(definition.category, definition.level):
        return definition.category
    needed = ALSO_TAKES.get(dimension)
    return needed if needed is not None and not access.allows(needed, Level.TOTALS) else None


def segment_ratio(
    definition: Definition,
    *,
    label: str,
    depends_on: tuple[str, ...] = (),
    fewest: int = 0,
    hides_few: bool = False,
) -> Callable[[Parts], Parts]:
    """Declare a segment number over a function of the day that gives ``(account_id, numerator, denominator)``.

    It is the sum of the numerators ÷ that of the denominators, of the accounts in the segment on the day; not defined
    below a denominator of ``fewest``, of which not even the numerator is then told. ``hides_few`` keeps accounts below
    it unnamed.
    """

    def declare(parts: Parts) -> Parts:
        def placed(as_of: date) -> Statement:
            return load("metrics", "segment_placed", parts=parts(as_of), day=as_of)

        def query(as_of: date) -> Statement:
            return load(
                "metrics", "segment_ratio", placed=placed(as_of), key=definition.key, fewest=max(fewest, 0)
            )

        segment_metrics.register(
            SegmentMetric(
                key=f"{definition.key}{SEGMENTS}",
                label=label,
                definitions=(definition,),
                query=query,
                depends_on=tuple(dict.fromkeys(("tiers.tenures", *depends_on))),
            )
        )
        segment_definitions.register(definition)
        account_parts.register(
            AccountParts(key=definition.key, query=placed, fewest=fewest if hides_few else 0)
        )
        return parts

    return declare


def mean_of_stored(key: str, as_of: date, *, times: int = 1) -> Statement:
    """Return the parts of a mean over the accounts that have a stored number; it belongs into ``depends_on``."""
    return load("metrics", "segment_mean", key=key, day=as_of, times=times)


def weighed_by_stored(key: str, weight: str, as_of: date) -> Statement:
    """Return the parts of a mean of one stored number, weighed by another; both belong into ``depends_on``."""
    return load("metrics", "segment_weighed", key=key, weight=weight, day=as_of)
