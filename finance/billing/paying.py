"""Who is billed for an account's lines on which days, as arrangements change on the way: pure.

On days on which its billing parent's invoices are consolidated an account is on those, on the others on its own. So a
day is charged to one payer or, where neither's invoices are made here, to none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from accounts.models import Account
from finance.billing.charging import Span, Stretch
from finance.billing.cycles import SCHEDULE_MONTHS, Cycle, Plan
from finance.models import BillingArrangement

Schedule = BillingArrangement.Schedule
CHARGING = frozenset({*SCHEDULE_MONTHS, Schedule.CUSTOM})


@dataclass(frozen=True, slots=True)
class Payer:
    """An account's arrangement through time; ``versions`` are those that count, the earliest first."""

    account: Account
    versions: Sequence[BillingArrangement]

    def spans(self) -> Iterator[tuple[BillingArrangement, date, date | None]]:
        """Yield each version with its first day and the first day after it, but for those replaced at once."""
        for place, version in enumerate(self.versions):
            start = version.starts_on
            following = self.versions[place + 1 :]
            end = following[0].starts_on if following else None
            if start is not None and (end is None or start < end):
                yield version, start, end

    def stretches(self, *, is_consolidated: bool = False) -> list[Stretch]:
        """Return when lines are charged; only where divisions' are as well, if ``is_consolidated``."""
        return [
            Stretch(start, end or date.max, version.bill_day)
            for version, start, end in self.spans()
            if version.schedule in CHARGING and (version.is_consolidated or not is_consolidated)
        ]

    def consolidated(self) -> list[Span]:
        """Return the days on which divisions stand on its invoices, wherever those are made."""
        return [(start, end or date.max) for version, start, end in self.spans() if version.is_consolidated]

    def cycles(self, until: date) -> list[tuple[Cycle, BillingArrangement]]:
        """Return the stretches whose invoices are due by a day, with the version that says so."""
        return [
            (cycle, version)
            for version, start, end in self.spans()
            for cycle in Plan(
                version.schedule,
                start,
                end,
                version.bill_day,
                version.bill_month,
                version.timing,
                version.dates,
            ).cycles(until)
        ]

    def version_on(self, day: date) -> BillingArrangement | None:
        """Return the version that counts on a day."""
        return next(
            (version for version, start, end in self.spans() if start <= day and (end is None or day < end)),
            None,
        )

    def invoices_after(self, day: date) -> bool:
        """Return whether an invoice for a stretch of time follows after a day."""
        return any(
            version.schedule in SCHEDULE_MONTHS or any(each > max(day, start) for each in version.dates)
            for version, start, end in self.spans()
            if version.schedule in CHARGING and (end is None or end > day)
        )


def payer_on(account: Account, day: date, payers: Mapping[int, Payer]) -> Payer | None:
    """Return who is billed for an account on a day; None where it has no arrangement itself nor stands on another's."""
    parent = parent_of(account, payers)
    if parent is not None and (version := parent.version_on(day)) is not None and version.is_consolidated:
        return parent
    return payers.get(account.pk)


def stretches_by_payer(account: Account, payers: Mapping[int, Payer]) -> dict[int, list[Stretch]]:
    """Return when an account's lines are charged by invoices made here, by payer; no day is charged to two."""
    parent, own = parent_of(account, payers), payers.get(account.pk)
    found = {}
    if parent is not None:
        found[parent.account.pk] = parent.stretches(is_consolidated=True)
    if own is not None:
        found[account.pk] = list(_without(own.stretches(), parent.consolidated() if parent else ()))
    return found


def parent_of(account: Account, payers: Mapping[int, Payer]) -> Payer | None:
    """Return the billing parent of an account, if it is one of these."""
    parent = account.billing_parent_id
    return payers.get(parent) if parent is not None and parent != account.pk else None


def _without(stretches: Iterable[Stretch], spans: Iterable[Span]) -> Iterator[Stretch]:
    for stretch in stretches:
        start = stretch.start
        for first, last in sorted(spans):
            if start < min(first, stretch.end):
                yield Stretch(start, min(first, stretch.end), stretch.bill_day)
            start = max(start, last)
        if start < stretch.end:
            yield Stretch(start, stretch.end, stretch.bill_day)
