"""Why two definitions differ: the accounts that make the difference, what each causes, and the reason in words.

A figure is V = Σ above ÷ Σ below (the mean of that over the terms). For any R, Σ (above − R × below) ÷ Σ below is
V − R; with R midway between both figures, what an account causes is its share of that by the one definition less its
share by the other. So the parts add up to the difference exactly, whatever the two are, they change sign with the
order of the two, and an account that both count alike causes nothing where both start from the same ARR.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from django.conf import settings

from accounts.models import Account
from common.export import Table, table_of
from finance.retention.asking import Asked
from finance.retention.definitions import MEASURES, Choice, Measure, to_decimal
from finance.retention.reading import read_accounts, read_path
from finance.retention.reasons import tell_reason
from finance.revenue.movements import Movement
from finance.revenue.windows import Window

SHOWN = 50
CHUNK = 500
Terms = Mapping[int, Sequence[Movement]]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two definitions: its choice, its figure, and each account's movements by term."""

    choice: Choice
    windows: Sequence[Window]
    value: Fraction | None
    accounts: Terms
    below: Mapping[date, Decimal]

    def parts(self, measure: Measure, account: int) -> Mapping[date, tuple[Decimal, Decimal]]:
        """Return what the account adds above and below the line, by the day on which a term ends."""
        terms = self.accounts.get(account, ())
        return {moved.end_day: self.choice.part(measure, moved) for moved in terms}

    def rate(self, measure: Measure, account: int) -> Fraction | None:
        """Return the account's own figure."""
        return self.choice.value(measure, self.accounts.get(account, ()))

    def above(self, measure: Measure, account: int) -> Decimal:
        """Return what the account adds above the line, the mean of it over the terms."""
        terms = self.accounts.get(account, ())
        summed = sum((self.choice.part(measure, moved)[0] for moved in terms), Decimal(0))
        return summed / max(len([each for each in self.below.values() if each]), 1)

    def share(self, measure: Measure, account: int, middle: Fraction) -> Fraction:
        """Return the account's part in what the figure is above ``middle``."""
        return self.weigh(self.parts(measure, account), middle)

    def weigh(self, parts: Mapping[date, tuple[Decimal, Decimal]], middle: Fraction) -> Fraction:
        """Return the part of what some accounts add above and below the line, by the day on which a term ends."""
        counted = [each for each in self.below.values() if each]
        found = Fraction(0)
        for day, (above, below) in parts.items():
            total = self.below[day]
            if total:
                found += (Fraction(above) - middle * Fraction(below)) / (Fraction(total) * len(counted))
        return found


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What one account causes: ``part`` of the first figure less the second, as a ratio."""

    account_id: int
    first: Decimal | None
    second: Decimal | None
    first_above: Decimal
    second_above: Decimal
    part: Fraction
    name: str = ""
    reason: str = ""

    @property
    def points(self) -> Decimal:
        """The part in percentage points."""
        found = to_decimal(self.part * 100, 10)
        assert found is not None
        return found


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Accounts that make two figures of one measure differ, with what each causes, the largest part first."""

    asked: Asked
    measure: Measure
    parts: Sequence[tuple[int, Fraction]]

    @property
    def sides(self) -> tuple[Side, Side]:
        """The two figures."""
        raise NotImplementedError

    @property
    def points(self) -> Decimal | None:
        """The first figure less the second in percentage points; None where either isn't defined."""
        first, second = self.sides
        if first.value is None or second.value is None:
            return None
        return to_decimal((first.value - second.value) * 100, 10)

    @property
    def rest(self) -> Decimal | None:
        """What the accounts beyond those shown cause together, in percentage points."""
        return to_decimal(sum((part for _, part in self.parts[SHOWN:]), Fraction(0)) * 100, 10)

    @property
    def is_money(self) -> bool:
        """Whether amounts are money; logo churn counts accounts."""
        return self.measure != "logo_churn"

    def shown(self) -> list[Difference]:
        """Return the accounts with the largest parts, with names and reasons; two queries."""
        return list(self._told(self.parts[:SHOWN]))

    def all(self) -> Iterator[Difference]:
        """Yield every account that has a part with its reason, some hundred at a time."""
        for start in range(0, len(self.parts), CHUNK):
            yield from self._told(self.parts[start : start + CHUNK])

    def _told(self, parts: Sequence[tuple[int, Fraction]]) -> Iterator[Difference]:
        found = [account for account, _ in parts]
        names = dict(Account.objects.filter(pk__in=found).values_list("pk", "name"))
        first, second = self.sides
        windows = [*first.windows, *second.windows]
        paths: Mapping[int, Sequence[Movement]] = {}
        if found:
            span = Window(min(each.start for each in windows), max(each.end for each in windows))
            paths = read_path(found, span, rates_day=self.asked.rates_day)
        for account, part in parts:
            yield Difference(
                account_id=account,
                first=to_decimal(first.rate(self.measure, account)),
                second=to_decimal(second.rate(self.measure, account)),
                first_above=first.above(self.measure, account),
                second_above=second.above(self.measure, account),
                part=part,
                name=names.get(account, f"Account {account}"),
                reason=self._reason(account, paths.get(account, ())),
            )

    def _reason(self, account: int, path: Sequence[Movement]) -> str:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Comparison(Parts):
    """Two definitions of one measure, and every account that makes them differ."""

    first: Side
    second: Side

    @property
    def sides(self) -> tuple[Side, Side]:
        """The two definitions."""
        return self.first, self.second

    @property
    def difference(self) -> Fraction | None:
        """The first figure less the second; None where either isn't defined."""
        if self.first.value is None or self.second.value is None:
            return None
        return self.first.value - self.second.value

    def _reason(self, account: int, path: Sequence[Movement]) -> str:
        terms = (self.first.accounts.get(account, ()), self.second.accounts.get(account, ()))
        return tell_reason(self.first.choice, self.second.choice, terms, path, self.asked.last)


def compare(asked: Asked, other: Choice, measure: Measure) -> Comparison:
    """Compare the definition asked for with another one, up to the same month; two queries over the ledger."""
    first, second = (read_side(asked, choice, measure, asked.last) for choice in (asked.choice, other))
    parts: list[tuple[int, Fraction]] = []
    if first.value is not None and second.value is not None:
        middle = (first.value + second.value) / 2
        # Most accounts are counted alike by both; exact fractions are for the others only.
        same_totals = first.below == second.below
        for account in first.accounts.keys() | second.accounts.keys():
            if same_totals and first.parts(measure, account) == second.parts(measure, account):
                continue
            part = first.share(measure, account, middle) - second.share(measure, account, middle)
            if part:
                parts.append((account, part))
    parts.sort(key=lambda each: (-abs(each[1]), each[0]))
    return Comparison(asked=asked, measure=measure, first=first, second=second, parts=parts)


def differences_table(compared: Comparison) -> Table:
    """Return every account that makes the difference, as a file."""
    unit = f" ({settings.REPORTING_CURRENCY})" if compared.is_money else " (accounts)"
    label = MEASURES[compared.measure]
    one, two = compared.first.choice.label, compared.second.choice.label
    return table_of(
        "retention-differences",
        compared.all(),
        (
            ("account_id", "Account id", lambda row: row.account_id),
            ("account", "Account", lambda row: row.name),
            ("first", f"{label}: {one}", lambda row: row.first),
            ("second", f"{label}: {two}", lambda row: row.second),
            ("first_above", f"Counted: {one}{unit}", lambda row: round(row.first_above, 2)),
            ("second_above", f"Counted: {two}{unit}", lambda row: round(row.second_above, 2)),
            ("points", "Causes, in percentage points", lambda row: row.points),
            ("reason", "Why", lambda row: row.reason),
        ),
    )


def read_side(asked: Asked, choice: Choice, measure: Measure, month: date) -> Side:
    """Return what a definition counts up to the end of ``month``, account by account; one query over the ledger.

    In constant currency at the rates of the last month asked for, whichever ``month`` is.
    """
    windows = choice.definition.terms(month, until=asked.until)
    dimension, member = (asked.dimension, asked.member) if asked.member else ("all", "")
    rows = read_accounts(choice, windows, dimension, member or "", rates_day=asked.rates_day)
    accounts: dict[int, list[Movement]] = defaultdict(list)
    above: dict[date, Decimal] = defaultdict(Decimal)
    below: dict[date, Decimal] = defaultdict(Decimal)
    for row in rows:
        assert row.account_id is not None
        over, under = choice.part(measure, row)
        accounts[row.account_id].append(row)
        above[row.end_day] += over
        below[row.end_day] += under
    rates = [Fraction(above[day]) / Fraction(total) for day, total in below.items() if total]
    return Side(
        choice=choice,
        windows=windows,
        value=sum(rates, Fraction(0)) / len(rates) if rates else None,
        accounts=accounts,
        below=below,
    )
