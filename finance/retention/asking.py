"""What the address of a page about retention asks for, and links that keep it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from urllib.parse import urlencode

from accounts.models import Tier
from common.codes import country_name
from common.formatting import format_number
from common.periods import add_months, month_label
from finance.models import RetentionPolicy
from finance.retention.definitions import Choice, choice_of, policy
from finance.revenue.movements import DIMENSIONS, Dimension, newest_day
from finance.revenue.positions import month_end
from people.models import User

SHOWN_MONTHS = 12  # before the last one
MOST_MONTHS = 60
OFFERED_MONTHS = 37
MEMBER = 254
BAND = re.compile(r"(\d{1,9})(?:\+|-(\d{1,9}))", re.ASCII)
DIMENSION_LABELS: dict[Dimension, str] = {
    "tier": "Tier",
    "industry": "Industry",
    "country": "Country",
    "size": "Employees",
    "owner": "Account executive",
}
# What the form says the member was chosen by, so that another choice drops it.
MEMBER_BY = "member_by"
KEPT = ("definition", "reactivation", "rates", "known", "by", "member", "from", "to")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The filters of a page; whatever is unknown in the address falls back to what is usual.

    ``first`` and ``last`` are months. ``until`` is the day of the newest figures; a running month ends on it.
    ``member`` is None for all.
    """

    choice: Choice
    policy: RetentionPolicy
    dimension: Dimension
    member: str | None
    first: date
    last: date
    until: date
    params: Mapping[str, str]

    @classmethod
    def from_params(cls, params: Mapping[str, str], as_of: date | None = None) -> Asked:
        """Read an address as of a day; three queries."""
        held = policy()
        newest = newest_day()
        until = min(as_of, newest) if as_of else newest
        usual = last_whole_month(until)
        last = min(read_month(params.get("to", "")) or usual, until.replace(day=1))
        first = read_month(params.get("from", "")) or add_months(last, -SHOWN_MONTHS)
        by = params.get("by", "")
        dimension: Dimension = next((each for each in DIMENSIONS if each == by), "tier")
        is_of_it = params.get(MEMBER_BY, dimension) == dimension
        member = params.get("member", "").replace("\x00", "")[:MEMBER] if is_of_it else ""
        kept = {key: params[key] for key in (*KEPT, "as_of") if params.get(key)} | {"member": member}
        return cls(
            choice=choice_of(held, params),
            policy=held,
            dimension=dimension,
            member=member or None,
            first=max(min(first, last), add_months(last, -MOST_MONTHS)),
            last=last,
            until=until,
            params={key: value for key, value in kept.items() if value},
        )

    @property
    def rates_day(self) -> date:
        """The day whose exchange rates hold in constant currency."""
        return min(month_end(self.last), self.until)

    @property
    def is_running(self) -> bool:
        """Whether the last month is not over."""
        return self.until < month_end(self.last)

    @property
    def months(self) -> list[date]:
        """The months that have a figure, oldest first."""
        return list(self._months())

    @cached_property
    def query(self) -> str:
        """The filters as the end of an address, with its question mark."""
        return self.with_params()

    def with_params(self, **changes: str | None) -> str:
        """Return the filters with some changed or, with None, left out; ``from_`` stands for ``from``."""
        params = {**self.params, **{key.rstrip("_"): value for key, value in changes.items()}}
        kept = {key: value for key, value in params.items() if value}
        return f"?{urlencode(kept)}" if kept else "?"

    def _months(self) -> Iterator[date]:
        step = self.choice.definition.step
        count = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month
        for back in range(count // step * step, -1, -step):
            yield add_months(self.last, -back)


def last_whole_month(until: date) -> date:
    """Return the first day of the last month that is over by the end of ``until``."""
    return add_months((until + timedelta(days=1)).replace(day=1), -1)


def read_month(text: str) -> date | None:
    """Return the first day of ``2026-11``, None for anything else."""
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return month if 1990 <= month.year <= 2200 else None


def offered_months(until: date, params: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return months to choose from, the newest first, as value and label; those an address asks for are among them."""
    newest = until.replace(day=1)
    asked = {month for key in ("from", "to") if (month := read_month(params.get(key, "")))}
    months = sorted(asked.union(add_months(newest, -back) for back in range(OFFERED_MONTHS)), reverse=True)
    return [(f"{month:%Y-%m}", month_label(month)) for month in months]


def member_labels(dimension: Dimension, members: Sequence[str]) -> dict[str, str]:
    """Return the names of members as people read them; one query for tiers and owners."""
    unknown = {
        "none": "Nobody" if dimension == "owner" else "No tier" if dimension == "tier" else "Not known"
    }
    if dimension == "tier":
        return {**dict(Tier.objects.values_list("slug", "label")), **unknown}
    if dimension == "owner":
        people = User.objects.filter(email__in=members).values_list("email", "name")
        return {
            **{each: each for each in members},
            **{email: name or email for email, name in people},
            **unknown,
        }
    if dimension == "country":
        return {**{each: country_name(each) for each in members}, **unknown}
    if dimension == "size":
        return {**{each: _size(each) for each in members}, **unknown}
    return {**{each: each for each in members}, **unknown}


def ordered(dimension: Dimension, members: Sequence[str]) -> list[str]:
    """Return members in the order in which people look for them: tiers by rank, sizes by size; unknown last."""
    if dimension == "tier":
        ranks = dict(Tier.objects.values_list("slug", "rank"))
        return sorted(members, key=lambda each: (each == "none", ranks.get(each, 0), each))
    if dimension == "size":
        return sorted(members, key=lambda each: (each == "none", _least(each)))
    return sorted(members, key=lambda each: (each == "none", each.lower()))


def _size(band: str) -> str:
    found = BAND.fullmatch(band)
    if not found:
        return band
    first, last = found.groups()
    return f"{format_number(int(first))} {f'to {format_number(int(last))}' if last else 'and more'}"


def _least(band: str) -> int:
    found = BAND.fullmatch(band)
    return int(found[1]) if found else 0
