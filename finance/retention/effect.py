"""What other choices would do to the headline figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from common.export import Table, table_of
from finance.retention.asking import Asked
from finance.retention.definitions import MEASURES, Choice, to_decimal
from finance.retention.figures import read_retention


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One headline figure by the choices as they are and by the others; None is "not defined"."""

    label: str
    now: Decimal | None
    then: Decimal | None

    @property
    def points(self) -> Decimal | None:
        """The change in percentage points."""
        return None if self.now is None or self.then is None else (self.then - self.now) * 100


def effect_of(asked: Asked, wanted: Choice) -> list[Effect]:
    """Return each headline figure of the last month by the choices asked for and by others."""
    now, then = (
        read_retention(replace(asked, choice=choice, first=asked.last)).headline.values
        for choice in (asked.choice, wanted)
    )
    return [
        Effect(label=label, now=to_decimal(now[measure]), then=to_decimal(then[measure]))
        for measure, label in MEASURES.items()
    ]


def effect_table(asked: Asked, effects: Sequence[Effect]) -> Table:
    """Return the headline figures by either choice, as a file."""
    return table_of(
        "retention-choices",
        effects,
        (
            ("figure", "Figure", lambda row: row.label),
            ("month", "To the end of", lambda _: asked.rates_day),
            ("now", "Now", lambda row: row.now),
            ("then", "With the choices shown", lambda row: row.then),
        ),
    )
