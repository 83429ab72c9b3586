"""What is stored of concentration on a day, and who is behind it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from accounts.models import Tier
from common.charts import Point
from metrics.concentration.numbers import OVER, PREFIXES, Counted, concentration, holdings
from metrics.concentration.shares import CURVE_POINTS, is_concentrated
from metrics.explanation import HISTORY_DAYS, NO_MEMBER, member_label
from metrics.models import SegmentValue
from metrics.statements import load

NAMES = ("top_1", "top_5", "top_10", "top_fifth", "hhi")
LISTED = 20
# The change that stands beside a figure is against about a quarter before.
CHANGE_DAYS = 90
CHANGE_DAYS_AT_MOST = 135
OVER_LABELS = {
    "industry": "Industry",
    "country": "Country",
    "renewal_quarter": "Renewal quarter",
    "tier": "Tier",
}
COUNTED_LABELS: dict[Counted, str] = {"account": "Accounts", "group": "Groups"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Who holds revenue: an account, or the company above several; ``members`` counts those that pay."""

    place: int
    account_id: int
    name: str
    tier: Mapping[str, str] | None
    members: int
    arr: Decimal
    share: Decimal
    cumulated: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """The largest holders, and the curve over all of them, largest first, as ratios of both."""

    holders: int
    whole: Decimal
    largest: Sequence[Holder]
    curve: Sequence[Point]

    @classmethod
    def nothing(cls) -> Ranking:
        """Return the ranking of a day without revenue."""
        return cls(holders=0, whole=Decimal(0), largest=(), curve=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """The five figures of concentration; None where they aren't defined."""

    holders: int
    whole: Decimal
    values: Mapping[str, Decimal | None]

    @classmethod
    def nothing(cls) -> Figures:
        """Return the figures of a day without revenue: none is defined."""
        return cls(holders=0, whole=Decimal(0), values=dict.fromkeys(NAMES))

    @property
    def is_concentrated(self) -> bool | None:
        """Whether the 80/20 test is passed; None where it isn't defined."""
        return is_concentrated(self.values.get("top_fifth"), self.holders)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One industry, country, quarter or tier: what lies in it, and how concentrated that is in itself."""

    key: str
    label: str
    arr: Decimal
    share: Decimal | None
    accounts: int
    inside: Figures | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """The figures of an earlier day."""

    day: date
    values: Mapping[str, Decimal | None]


def stored_day(until: date | None) -> date | None:
    """Return the newest day, not after ``until``, of which concentration is stored."""
    days = SegmentValue.objects.filter(key="metrics.arr_hhi", dimension="all", member="")
    if until is not None:
        days = days.filter(as_of__lte=until)
    return days.order_by("-as_of").values_list("as_of", flat=True).first()


def stored_figures(day: date, counted: Counted) -> Figures:
    """Return the figures of all accounts as the night stored them; one query."""
    return _figures(
        SegmentValue.objects.filter(
            as_of=day, key__in=_keys(counted), dimension="all", member=""
        ).values_list("key", "value", "denominator", "accounts"),
        counted,
    )


def figures_without(day: date, counted: Counted, lost: Collection[int]) -> Figures:
    """Return the figures as if the accounts ``lost`` paid nothing, counted as the night counts; one query."""
    rows = concentration(day, counted, lost).fetch()
    return _figures(
        [(row[0], row[3], row[5], row[6]) for row in rows if row[1] == "all"],
        counted,
    )


def past_figures(day: date, counted: Counted) -> list[Past]:
    """Return the figures of the last stored day of each month of the last year, and of ``day``; one query."""
    rows = (
        SegmentValue.objects.filter(key__in=_keys(counted), dimension="all", member="")
        .between(day - timedelta(days=HISTORY_DAYS), day)
        .order_by("as_of")
        .values_list("as_of", "key", "value")
    )
    months: dict[tuple[int, int], date] = {}
    values: dict[date, dict[str, Decimal | None]] = {}
    for as_of, key, value in rows:
        months[as_of.year, as_of.month] = as_of
        values.setdefault(as_of, {})[_name(key, counted)] = value
    return [Past(day=as_of, values=values[as_of]) for as_of in months.values()]


def before_of(day: date, counted: Counted) -> Past | None:
    """Return the figures stored about a quarter before ``day``, None without any; one query."""
    oldest, newest = day - timedelta(days=CHANGE_DAYS_AT_MOST), day - timedelta(days=CHANGE_DAYS)
    stored = SegmentValue.objects.filter(key__in=_keys(counted), dimension="all", member="")
    rows = list(stored.between(oldest, newest).order_by("-as_of").values_list("as_of", "key", "value"))
    if not rows:
        return None
    held = {_name(key, counted): value for as_of, key, value in rows if as_of == rows[0][0]}
    return Past(day=rows[0][0], values=held)


def rank(day: date, counted: Counted, *, most: int = LISTED, lost: Collection[int] = ()) -> Ranking:
    """Return the ranking of a day from the stored ARR of its accounts; one query."""
    rows = load(
        "metrics",
        "concentration_holders",
        holdings=holdings(day, counted, lost),
        day=day,
        most=most,
        points=CURVE_POINTS,
    ).fetch_dicts()
    if not rows:
        return Ranking.nothing()
    holders, whole = int(rows[0]["holders"]), rows[0]["whole"]
    step = max(holders // CURVE_POINTS, 1)
    return Ranking(
        holders=holders,
        whole=whole,
        largest=[
            Holder(
                place=row["place"],
                account_id=row["holder_id"],
                name=row["name"],
                tier={"slug": row["tier"], "label": row["tier_label"]} if row["tier"] else None,
                members=row["members"],
                arr=row["arr"],
                share=row["arr"] / whole,
                cumulated=row["cumulated"] / whole,
            )
            for row in rows
            if row["place"] <= most
        ],
        curve=[
            Point(name="0", x=0, y=0),
            *(
                Point(
                    name=str(row["place"]),
                    x=round(Decimal(row["place"]) / holders, 4),
                    y=round(row["cumulated"] / whole, 4),
                )
                for row in rows
                if row["place"] % step == 0 or row["place"] == holders
            ),
        ],
    )


def read_places(day: date, over: str) -> list[Place]:
    """Return where revenue lies by one of ``OVER``, the largest first, but quarters in their order; two queries."""
    keys = ["metrics.arr_share", *_keys("account")]
    stored = SegmentValue.objects.filter(as_of=day, dimension=over, key__in=keys)
    rows = list(stored.values_list("member", "key", "value", "numerator", "denominator", "accounts"))
    inside: dict[str, list[tuple[str, Decimal | None, Decimal | None, int]]] = {}
    for member, key, value, _, denominator, accounts in rows:
        if key != "metrics.arr_share":
            inside.setdefault(member, []).append((key, value, denominator, accounts))
    tiers = dict(Tier.objects.values_list("slug", "label"))
    places = [
        Place(
            key=member,
            label=quarter_label(member) if over == "renewal_quarter" else member_label(over, member, tiers),
            arr=numerator or Decimal(0),
            share=value,
            accounts=accounts,
            inside=_figures(inside[member], "account") if member in inside else None,
        )
        for member, key, value, numerator, _, accounts in rows
        if key == "metrics.arr_share"
    ]
    if over == "renewal_quarter":
        return sorted(places, key=lambda place: (place.key == NO_MEMBER, place.key))
    return sorted(places, key=lambda place: (-place.arr, place.key))


def read_evenness(day: date) -> dict[str, Decimal | None]:
    """Return the HHI of each of ``OVER``; one query."""
    keys = {f"metrics.arr_hhi_{over}": over for over in OVER}
    stored = SegmentValue.objects.filter(as_of=day, key__in=keys, dimension="all", member="")
    return {keys[key]: value for key, value in stored.values_list("key", "value")}


def quarter_label(member: str) -> str:
    """Return a quarter as people write it: Q1 2027."""
    if member == NO_MEMBER:
        return "No renewal date"
    year, _, quarter = member.partition("-")
    return f"{quarter} {year}"


def _keys(counted: Counted) -> list[str]:
    return [f"{PREFIXES[counted]}{name}" for name in NAMES]


def _name(key: str, counted: Counted) -> str:
    return key.removeprefix(PREFIXES[counted])


def _figures(rows: Collection[tuple[str, Decimal | None, Decimal | None, int]], counted: Counted) -> Figures:
    rows = list(rows)
    return Figures(
        holders=max((int(accounts) for *_, accounts in rows), default=0),
        whole=next((whole for _, _, whole, _ in rows if whole is not None), Decimal(0)),
        values=dict.fromkeys(NAMES) | {_name(key, counted): value for key, value, _, _ in rows},
    )
