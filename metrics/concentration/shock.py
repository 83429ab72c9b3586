"""What the company would be without some of its accounts, as of a day; nothing of it is written anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from accounts.models import Tier
from metrics.concentration.numbers import ARR, RENEWAL, Counted, holdings
from metrics.concentration.reading import (
    Figures,
    Ranking,
    figures_without,
    quarter_label,
    rank,
    stored_figures,
)
from metrics.explanation import NO_MEMBER, member_label
from metrics.registry import Metric, metrics
from metrics.statements import load
from people.models import User

START = "finance.arr_year_before"
# Sums that say what else the company would no longer have; each shown to those who read it.
BESIDE = (
    "product.active_users_30d",
    "finance.seats",
    "support.tickets_90d",
    "engagement.open_opportunities",
)
MOST_CHOSEN = 200
MOST_TOP = 1000
OWNER, SPONSOR, QUARTER = "owner", "sponsor", "renewal_quarter"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """Who is taken to be lost: accounts by id, the ``top`` largest, or both; of accounts or of whole groups."""

    day: date
    counted: Counted = "account"
    chosen: Sequence[int] = ()
    top: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nobody is lost."""
        return not self.chosen and not self.top


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """One account that is taken to be lost."""

    account_id: int
    name: str
    holder_id: int
    holder: str
    tier: Mapping[str, str] | None
    arr: Decimal
    place: int
    is_chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What a segment, or everybody, has before and what of it is lost; what is left is the difference."""

    key: str
    label: str
    accounts: int
    accounts_lost: int
    arr: Decimal
    arr_lost: Decimal

    @property
    def accounts_left(self) -> int:
        """How many still pay."""
        return self.accounts - self.accounts_lost

    @property
    def arr_left(self) -> Decimal:
        """ARR without those who are lost."""
        return self.arr - self.arr_lost

    @property
    def share_lost(self) -> Decimal | None:
        """What is lost as a share of what there was."""
        return self.arr_lost / self.arr if self.arr else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A rate of retention before and after; None where nobody paid a year before."""

    label: str
    before: Decimal | None
    after: Decimal | None

    @property
    def points(self) -> Decimal | None:
        """By how many percentage points it changes."""
        return None if self.before is None or self.after is None else (self.after - self.before) * 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """Another number summed over all accounts, and what of it is lost."""

    metric: Metric
    whole: Decimal
    lost: Decimal

    @property
    def left(self) -> Decimal:
        """The sum without those who are lost."""
        return self.whole - self.lost


@dataclass(kw_only=True, slots=True)
class Shock:
    """A scenario with everything that follows from it."""

    scenario: Scenario
    lost: Sequence[Lost]
    total: Line
    lines: Mapping[str, Sequence[Line]]
    retention: Sequence[Rate]
    before: Figures
    after: Figures
    ranking: Ranking
    beside: Sequence[Beside] = field(default_factory=list)

    @property
    def lost_ids(self) -> list[int]:
        """The ids of the accounts that are lost."""
        return [each.account_id for each in self.lost]


def simulate(scenario: Scenario) -> Shock:
    """Return what follows from a scenario; about eight queries, however many accounts there are."""
    lost = _lost(scenario)
    ids = [each.account_id for each in lost]
    rows = load(
        "metrics", "shock", key=ARR, start_key=START, renewal=RENEWAL, day=scenario.day, lost=ids
    ).fetch_dicts()
    whole = next(row for row in rows if row["dimension"] == "all")
    return Shock(
        scenario=scenario,
        lost=lost,
        total=_line(whole, "All"),
        lines=_lines(rows),
        retention=_retention(whole),
        before=stored_figures(scenario.day, scenario.counted),
        after=figures_without(scenario.day, scenario.counted, ids),
        ranking=rank(scenario.day, scenario.counted, most=0, lost=ids),
        beside=_beside(scenario.day, ids),
    )


def _lost(scenario: Scenario) -> list[Lost]:
    if scenario.is_empty:
        return []
    rows = load(
        "metrics",
        "shock_lost",
        holdings=holdings(scenario.day, scenario.counted),
        day=scenario.day,
        top=scenario.top,
        chosen=list(scenario.chosen),
    ).fetch_dicts()
    return [
        Lost(
            account_id=row["account_id"],
            name=row["name"],
            holder_id=row["holder_id"],
            holder=row["holder"],
            tier={"slug": row["tier"], "label": row["tier_label"]} if row["tier"] else None,
            arr=row["arr"],
            place=row["place"],
            is_chosen=row["is_chosen"],
        )
        for row in rows
    ]


def _lines(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Line]]:
    """Return the lines of each dimension, what loses most first, but quarters in their order."""
    tiers = dict(Tier.objects.values_list("slug", "label"))
    people = {row["member"] for row in rows if row["dimension"] in (OWNER, SPONSOR)}
    names = dict(User.objects.filter(email__in=people).values_list("email", "name"))
    lines: dict[str, list[Line]] = {}
    for row in rows:
        dimension, member = row["dimension"], row["member"]
        if dimension == "all" or not row["accounts"]:
            continue
        if dimension == QUARTER:
            label = quarter_label(member)
        elif member != NO_MEMBER and dimension in (OWNER, SPONSOR):
            label = names.get(member) or member
        else:
            label = member_label(dimension, member, tiers)
        lines.setdefault(dimension, []).append(_line(row, label))
    for dimension, held in lines.items():
        if dimension == QUARTER:
            held.sort(key=lambda line: (line.key == NO_MEMBER, line.key))
        else:
            held.sort(key=lambda line: (-line.arr_lost, -line.arr, line.key))
    return lines


def _line(row: Mapping[str, Any], label: str) -> Line:
    return Line(
        key=row["member"],
        label=label,
        accounts=row["accounts"],
        accounts_lost=row["accounts_lost"],
        arr=row["arr"],
        arr_lost=row["arr_lost"],
    )


def _retention(whole: Mapping[str, Any]) -> list[Rate]:
    """Return NRR and GRR of the year up to the day, and as they were had the lost ones left by then."""
    start = whole["start_arr"]

    def rate(label: str, kept: Decimal, lost: Decimal) -> Rate:
        if not start:
            return Rate(label=label, before=None, after=None)
        return Rate(label=label, before=kept / start, after=(kept - lost) / start)

    return [
        rate("NRR", whole["kept"], whole["kept_lost"]),
        rate("GRR", whole["least_kept"], whole["least_lost"]),
    ]


def _beside(day: date, ids: Sequence[int]) -> list[Beside]:
    known = [key for key in BESIDE if key in metrics]
    rows = {row[0]: row for row in load("metrics", "shock_beside", keys=known, day=day, lost=ids).fetch()}
    return [
        Beside(metric=metrics[key], whole=rows[key][1], lost=rows[key][2]) for key in known if key in rows
    ]
