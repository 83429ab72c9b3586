"""Why a figure changed since an earlier month: the accounts that made it, what each causes, and what was published.

Both months are counted by the same definition, in constant currency at the same rates. Parts are those of
``differences``, the earlier month in the place of the second definition, so they add up to the change exactly. Accounts
in which nothing happened cause something too, since the total is another one; they are told as one sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from django.conf import settings

from common.export import Table, table_of
from common.formatting import format_count
from common.periods import add_months, month_label
from finance.retention.asking import Asked, read_month
from finance.retention.definitions import MEASURES, Definition, Measure, to_decimal
from finance.retention.differences import Difference, Parts, Side, read_side
from finance.retention.figures import closed_months, read_retention
from finance.retention.reasons import tell_change
from finance.revenue.movements import Movement

Part = tuple[Decimal, Decimal]  # above and below the line


@dataclass(frozen=True, kw_only=True)
class Published:
    """A month's figure as it was told when the month was closed; ``value`` None is "not defined"."""

    closed_at: datetime
    value: Decimal | None
    is_restated: bool


@dataclass(frozen=True, kw_only=True)
class Changed(Parts):
    """A figure in two months, and the accounts in which something happened.

    ``still`` is what the ``still_count`` others cause together. ``published`` has those of both months that are closed.
    """

    since: date
    now: Side
    before: Side
    still: Fraction
    still_count: int
    published: Mapping[date, Published]

    @property
    def sides(self) -> tuple[Side, Side]:
        """The later month, then the earlier one."""
        return self.now, self.before

    @property
    def still_points(self) -> Decimal | None:
        """What those in which nothing happened cause together, in percentage points."""
        return to_decimal(self.still * 100, 10)

    def _reason(self, account: int, path: Sequence[Movement]) -> str:
        entered, left = _months_apart(self.asked.choice.definition, self.asked.last, self.since)
        terms = (self.now.accounts.get(account, ()), self.before.accounts.get(account, ()))
        return tell_change(self.asked.choice, terms, path, entered=entered, left=left)


def since_of(asked: Asked, text: str) -> date:
    """Return the month to compare with: that of an address before the last one, else the figure before it."""
    usual = add_months(asked.last, -asked.choice.definition.step)
    month = read_month(text)
    return month if month and month < asked.last else usual


def read_change(asked: Asked, since: date, measure: Measure) -> Changed:
    """Return what changed a figure between two months; two queries over the ledger, and one for each closed month."""
    now, before = (read_side(asked, asked.choice, measure, month) for month in (asked.last, since))
    parts: list[tuple[int, Fraction]] = []
    still, still_count = Fraction(0), 0
    if now.value is not None and before.value is not None:
        middle = (now.value + before.value) / 2
        stood: tuple[dict[date, Part], dict[date, Part]] = ({}, {})
        for account in now.accounts.keys() | before.accounts.keys():
            later, earlier = now.parts(measure, account), before.parts(measure, account)
            if _by_place(now, later) != _by_place(before, earlier):
                parts.append((account, now.weigh(later, middle) - before.weigh(earlier, middle)))
                continue
            still_count += 1
            for held, found in zip(stood, (later, earlier), strict=True):
                _add(held, found)
        still = now.weigh(stood[0], middle) - before.weigh(stood[1], middle)
    parts.sort(key=lambda each: (-abs(each[1]), each[0]))
    return Changed(
        asked=asked,
        measure=measure,
        since=since,
        now=now,
        before=before,
        parts=parts,
        still=still,
        still_count=still_count,
        published=_published(asked, measure, (since, asked.last)),
    )


def changes_table(changed: Changed) -> Table:
    """Return every account in which something happened, and what the others cause together, as a file."""
    unit = f" ({settings.REPORTING_CURRENCY})" if changed.is_money else " (accounts)"
    label = MEASURES[changed.measure]
    one, two = month_label(changed.asked.last), month_label(changed.since)
    return table_of(
        "retention-changes",
        _with_still(changed),
        (
            ("account_id", "Account id", lambda row: row.account_id or None),
            ("account", "Account", lambda row: row.name),
            ("before", f"{label} to {two}", lambda row: row.second),
            ("now", f"{label} to {one}", lambda row: row.first),
            ("before_above", f"Counted to {two}{unit}", lambda row: round(row.second_above, 2)),
            ("now_above", f"Counted to {one}{unit}", lambda row: round(row.first_above, 2)),
            ("points", "Causes, in percentage points", lambda row: row.points),
            ("reason", "Why", lambda row: row.reason),
            ("definition", "Definition", lambda _: changed.asked.choice.label),
        ),
    )


def _with_still(changed: Changed) -> Iterator[Difference]:
    yield from changed.all()
    if changed.still_count:
        yield Difference(
            account_id=0,
            first=None,
            second=None,
            first_above=Decimal(0),
            second_above=Decimal(0),
            part=changed.still,
            name=f"{format_count(changed.still_count, 'account')} in which nothing happened",
            reason="The total at the start is another one, of which they are another share.",
        )


def _by_place(side: Side, parts: Mapping[date, Part]) -> dict[int, Part]:
    """Return what counts in each term, by the place of the term, without those in which nothing does."""
    places = {window.end: place for place, window in enumerate(side.windows)}
    return {places[day]: part for day, part in parts.items() if any(part)}


def _add(held: dict[date, Part], found: Mapping[date, Part]) -> None:
    for day, (above, below) in found.items():
        one, two = held.get(day, (Decimal(0), Decimal(0)))
        held[day] = (one + above, two + below)


def _months_apart(definition: Definition, last: date, since: date) -> tuple[set[date], set[date]]:
    """Return the months that only the later figure looks at, and those that only the earlier one does."""
    entered: set[date] = set()
    left: set[date] = set()
    for later, earlier in zip(definition.ends(last), definition.ends(since), strict=True):
        one, two = ({add_months(end, -back) for back in range(definition.months)} for end in (later, earlier))
        entered |= one - two
        left |= two - one
    return entered, left


def _published(asked: Asked, measure: Measure, months: Sequence[date]) -> dict[date, Published]:
    """Return the figures of closed months as their pages told them then: at the rates of their own end."""
    closed = closed_months(min(months), max(months))
    choice = replace(asked.choice, is_published=True)
    found = {}
    for month in months:
        if month in closed:
            read = read_retention(replace(asked, choice=choice, first=month, last=month))
            value = to_decimal(read.headline.values[measure])
            found[month] = Published(
                closed_at=closed[month].closed_at, value=value, is_restated=closed[month].is_restated
            )
    return found
