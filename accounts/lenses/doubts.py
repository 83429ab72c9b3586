"""Which of the numbers on a page were made from stale data, and why: asked once a page, for every card of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from django.utils import timezone

from accounts.lenses.figures import figures_of
from accounts.lenses.memo import read_once
from accounts.lenses.registry import columns, histories
from accounts.models import Account
from people.access import Access
from sync.freshness.marks import provisional_numbers


def doubts_about(account: Account, day: date) -> Mapping[str, str]:
    """Return the reasons by number for the newest figures of an account up to ``day``.

    No query but that of ``provisional_numbers`` where the page shows the account's header too.
    """

    def read() -> Mapping[str, str]:
        return provisional_numbers(figures_of(account, None if day >= timezone.now().date() else day).day)

    return read_once(account, ("accounts.doubts", day), read)


def doubts_on(day: date) -> Mapping[str, str]:
    """Return the reasons by number for the newest figures of all accounts up to ``day``; one query more."""
    return provisional_numbers(newest_day(day))


def newest_day(until: date) -> date | None:
    """Return the newest day up to ``until`` of which there are figures of any account."""
    days = [history.newest_day(until) for history in histories]
    return max((day for day in days if day is not None), default=None)


def doubt_of(numbers: Iterable[str], doubts: Mapping[str, str], access: Access) -> str:
    """Return why what rests on these numbers is provisional, each reason once; nothing where it isn't.

    A number that the reader may not read gives no reason either.
    """
    if not doubts:
        return ""
    closed = {column.explain for column in columns if not column.is_readable(access)}
    return " ".join(dict.fromkeys(doubts[key] for key in numbers if key in doubts and key not in closed))


def doubts_of_fields(doubts: Mapping[str, str], access: Access) -> dict[str, str]:
    """Return the reasons by the fields of Standing, of those that the reader may read."""
    return {
        column.field.removeprefix("standing__"): doubts[column.explain]
        for column in columns
        if column.explain in doubts and column.is_readable(access)
    }
