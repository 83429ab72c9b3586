"""What retention may mean: named definitions with their own words, and how each counts.

A figure is the mean over its terms of a sum ÷ the sum of all ARR (or accounts) at the start; all but the trailing
average have one term. Nothing at the start gives "not defined".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from common.formatting import format_date, format_percent
from common.periods import add_months
from finance.models import RetentionDefinition, RetentionPolicy
from finance.revenue.movements import Movement
from finance.revenue.windows import Window, windows_of

Measure = Literal["nrr", "grr", "logo_churn", "expansion_rate"]
MEASURES: dict[Measure, str] = {
    "nrr": "NRR",
    "grr": "GRR",
    "logo_churn": "Logo churn",
    "expansion_rate": "Expansion rate",
}
GOOD: dict[Measure, Literal["up", "down"]] = {
    "nrr": "up",
    "grr": "up",
    "logo_churn": "down",
    "expansion_rate": "up",
}
NOT_DEFINED = "not defined"
ZERO = Decimal(0)
LENGTHS = {12: "twelve months", 3: "three months", 1: "one month"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """One way of counting retention up to the end of a month.

    ``months`` is how far back the start lies, ``step`` how many months apart figures of a series are, ``backs`` how
    many months before the month each term ends.
    """

    key: str
    label: str
    months: int
    step: int = 1
    backs: tuple[int, ...] = (0,)
    is_flow: bool = False

    def ends(self, month: date) -> list[date]:
        """Return the months whose ends are the ends of the terms, oldest first."""
        return sorted(add_months(month, -back) for back in self.backs)

    def terms(self, month: date, *, until: date | None = None) -> list[Window]:
        """Return the windows of the terms of ``month``, none past ``until``."""
        return [
            window
            for end in self.ends(month)
            for window in windows_of(end, end, months=self.months, until=until)
        ]


DEFINITIONS: dict[str, Definition] = {
    each.key: each
    for each in (
        Definition(key="point", label=RetentionDefinition.POINT.label, months=12),
        Definition(key="flow", label=RetentionDefinition.FLOW.label, months=12, is_flow=True),
        Definition(key="average", label=RetentionDefinition.AVERAGE.label, months=12, backs=(9, 6, 3, 0)),
        Definition(key="quarter", label=RetentionDefinition.QUARTER.label, months=3, step=3),
        Definition(key="month", label=RetentionDefinition.MONTH.label, months=1),
    )
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A definition with its options: what stands beside every number."""

    definition: Definition
    counts_reactivation: bool = False
    constant_currency: bool = True
    is_published: bool = False

    @property
    def label(self) -> str:
        """The definition with those options that are not the usual ones, short."""
        parts = [self.definition.label]
        if self.counts_reactivation:
            parts.append("with reactivation")
        if not self.constant_currency:
            parts.append("dated rates")
        if self.is_published:
            parts.append("as published")
        return ", ".join(parts)

    def words(self, measure: Measure, rates_day: date | None = None) -> str:
        """Say in sentences how a measure is counted."""
        told = [self._counted(measure)]
        if len(self.definition.backs) > 1:
            told.append(
                "The figure is the mean of four such rates: at the end of the month, and of three, six and nine "
                "months before. Those without ARR at the start don't count."
            )
        if measure == "logo_churn":
            return " ".join(told)
        if self.constant_currency:
            day = f" of {format_date(rates_day)}" if rates_day else " of one day"
            told.append(f"All amounts are at the exchange rates{day}.")
        elif self.definition.is_flow:
            told.append("Each month is counted at the exchange rates of its own end.")
        else:
            told.append("Each end is counted at the exchange rates of its own day.")
        return " ".join(told)

    def _counted(self, measure: Measure) -> str:
        span = LENGTHS[self.definition.months]
        back = (
            " Revenue of accounts that came back counts as kept."
            if self.counts_reactivation
            else " New accounts and those that came back are left out."
        )
        if measure == "logo_churn":
            return f"Accounts with ARR {span} before and none at the end, ÷ all with ARR {span} before."
        if self.definition.is_flow:
            if measure == "grr":
                return (
                    f"ARR {span} before, less every contraction and churn of the months since, ÷ ARR {span} before. A "
                    "fall that recovers counts as lost, also one of an account that joined since, "
                    "so it can be below zero."
                )
            if measure == "expansion_rate":
                return f"Every expansion of the months since, ÷ ARR {span} before."
            plus = " and reactivation" if self.counts_reactivation else ""
            least = "" if self.counts_reactivation else " ARR of accounts that came back is left out."
            return (
                f"ARR {span} before, plus every expansion{plus} and less every contraction and churn of the months "
                f"since, ÷ ARR {span} before.{least} Moves of accounts that joined since "
                "count, so it can be below zero."
            )
        if measure == "grr":
            return (
                f"The lesser of each account's ARR at the end and {span} before, ÷ its ARR {span} before; "
                "never above 100%."
            )
        if measure == "expansion_rate":
            return f"What accounts with ARR {span} before pay more at the end, ÷ their ARR {span} before."
        return f"ARR at the end of accounts that had ARR {span} before, ÷ their ARR then.{back}"

    def part(self, measure: Measure, moved: Movement) -> tuple[Decimal, Decimal]:
        """Return what an account or segment adds above and below the line in one term."""
        if measure == "logo_churn":
            return Decimal(moved.lost), Decimal(moved.accounts)
        if measure == "expansion_rate":
            return moved.expansion, moved.start
        if measure == "grr":
            lost = moved.contraction + moved.churn
            return (moved.start - lost if self.definition.is_flow else moved.least), moved.start
        back = moved.reactivation if self.counts_reactivation else ZERO
        if self.definition.is_flow:
            kept = moved.start + moved.fx + moved.expansion - moved.contraction - moved.churn
            return kept + back, moved.start
        return moved.kept + back, moved.start

    def value(self, measure: Measure, terms: Sequence[Movement]) -> Fraction | None:
        """Return the figure of its terms, exactly; None, "not defined", without anything at a start."""
        rates = [
            Fraction(above) / Fraction(below)
            for above, below in (self.part(measure, moved) for moved in terms)
            if below
        ]
        return sum(rates, Fraction(0)) / len(rates) if rates else None


def policy() -> RetentionPolicy:
    """Return the company's own choices; one query."""
    return RetentionPolicy.objects.get()


def choice_of(policy: RetentionPolicy, params: Mapping[str, str], suffix: str = "") -> Choice:
    """Return what an address asks for, by default the company's own choice; what is unknown is passed over."""
    definition = DEFINITIONS.get(params.get(f"definition{suffix}", "")) or DEFINITIONS[policy.definition]
    reactivation, rates, known = (
        params.get(f"{name}{suffix}", "") for name in ("reactivation", "rates", "known")
    )
    return Choice(
        definition=definition,
        counts_reactivation={"in": True, "out": False}.get(reactivation, policy.counts_reactivation),
        constant_currency={"constant": True, "dated": False}.get(rates, policy.constant_currency),
        is_published=known == "published",
    )


_SUMMED = tuple(
    field.name
    for field in fields(Movement)
    if field.name not in {"month", "start_day", "end_day", "member", "account_id"}
)


def add_up(moved: Sequence[Movement], window: Window, member: str = "") -> Movement:
    """Return the sum of segments or accounts in one window, nothing at all where there are none."""
    summed: dict[str, Any] = {name: sum((getattr(each, name) for each in moved), ZERO) for name in _SUMMED}
    summed |= {name: int(summed[name]) for name in ("accounts", "lost")}
    return Movement(
        month=window.end.replace(day=1), start_day=window.start, end_day=window.end, member=member, **summed
    )


def to_decimal(value: Fraction | None, places: int = 12) -> Decimal | None:
    """Return a figure as a decimal of so many places, for pages and files."""
    if value is None:
        return None
    return Decimal(round(value * 10**places)).scaleb(-places)


def spoken(value: Fraction | Decimal | None) -> str:
    """Return a figure as people read it."""
    if value is None:
        return NOT_DEFINED
    return format_percent(to_decimal(value) if isinstance(value, Fraction) else value)  # type: ignore[arg-type]
