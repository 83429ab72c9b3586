"""The numbers of concentration, made each night from the stored ARR of the same day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Literal

from metrics.registry import Definition, segment_metric
from metrics.statements import Statement, compose, load
from people.models import Category, Level

ARR = "finance.arr"
RENEWAL = "finance.renewal_on"
TIERS = "tiers.tenures"

Counted = Literal["account", "group"]
PREFIXES: dict[Counted, str] = {"account": "metrics.arr_", "group": "metrics.group_arr_"}
# What revenue may also pile up in, beside single accounts.
OVER = ("tier", "industry", "country", "renewal_quarter")
READY_SHARE = "0.5"

_PAYING = "Accounts with ARR above zero count, each division for itself."
_GROUPS = (
    "The accounts of one legal hierarchy count as one, in the place of the company at its top, by the hierarchy as it "
    "is known when the number is made; those with ARR above zero count."
)


def holdings(as_of: date, counted: Counted, lost: Collection[int] = ()) -> Statement:
    """Return ``(account_id, holder_id, arr)`` of who pays on a day, without the accounts ``lost``."""
    own = Statement("SELECT NULL::bigint AS account_id, NULL::bigint AS holder_id WHERE false")
    tops = load("metrics", "ultimate_parents") if counted == "group" else own
    return load("metrics", "holdings", tops=tops, key=ARR, day=as_of, lost=sorted(lost))


def concentration(as_of: date, counted: Counted, lost: Collection[int] = ()) -> Statement:
    """Return the numbers of concentration as a segment metric gives them, as if the accounts ``lost`` paid nothing."""
    return load(
        "metrics",
        "concentration",
        holdings=holdings(as_of, counted, lost),
        day=as_of,
        prefix=PREFIXES[counted],
    )


def _definitions(counted: Counted) -> list[Definition]:
    noun, told = ("account", _PAYING) if counted == "account" else ("group", _GROUPS)

    def define(name: str, label: str, formula: str, unit: str = "ratio", parts: str = "money") -> Definition:
        return Definition(
            key=f"{PREFIXES[counted]}{name}",
            label=label,
            unit=unit,
            category=Category.REVENUE,
            level=Level.TOTALS,
            formula=f"{formula} {told}",
            inputs=(ARR,),
            parts=parts,
        )

    tops = [
        define(
            f"top_{count}",
            f"Share of the largest {noun if count == 1 else f'{count} {noun}s'}",
            f"ARR of the {noun if count == 1 else f'{count} {noun}s'} with the most, divided by all ARR.",
        )
        for count in (1, 5, 10)
    ]
    return [
        *tops,
        define(
            "top_fifth",
            f"Share of the top 20% of {noun}s",
            f"ARR of the fifth of {noun}s with the most, divided by all ARR; a fifth is rounded down, but is one at "
            "least.",
        ),
        define(
            "hhi",
            f"HHI of {noun}s",
            "The sum of the squares of all shares in per cent: 10,000 where one holds everything, 10,000 divided by "
            "their number where all hold the same.",
            "points",
            "",
        ),
    ]


_NIGHTLY: tuple[Counted, ...] = ("account", "group")


@segment_metric(
    "metrics.concentration",
    *(definition for counted in _NIGHTLY for definition in _definitions(counted)),
    label="Concentration of revenue, by segment",
    depends_on=(ARR, TIERS),
)
def nightly_concentration(as_of: date) -> Statement:
    return compose(
        "{accounts} UNION ALL {groups}",
        accounts=compose("SELECT * FROM ({own}) AS own", own=concentration(as_of, "account")),
        groups=compose("SELECT * FROM ({own}) AS own", own=concentration(as_of, "group")),
    )


_OVER_WORDS = {
    "tier": ("tiers", "the tier they have on the day"),
    "industry": ("industries", "their industry"),
    "country": ("countries", "their country"),
    "renewal_quarter": ("renewal quarters", "the quarter of their next renewal"),
}


@segment_metric(
    "metrics.arr_spread",
    Definition(
        key="metrics.arr_share",
        label="Share of ARR",
        unit="ratio",
        category=Category.REVENUE,
        level=Level.TOTALS,
        formula="ARR of the segment divided by all ARR. Accounts with ARR above zero count where they are on the day: "
        "in their tier, their industry, their country and the quarter of their next renewal.",
        inputs=(ARR, RENEWAL),
        parts="money",
    ),
    *(
        Definition(
            key=f"metrics.arr_hhi_{name}",
            label=f"HHI of {plural}",
            unit="points",
            category=Category.REVENUE,
            level=Level.TOTALS,
            formula=f"The sum of the squares of the shares in per cent that {plural} have of all ARR: 10,000 where one "
            f"holds everything. Accounts count in {where}; those without are one of their own.",
            inputs=(ARR, RENEWAL) if name == "renewal_quarter" else (ARR,),
        )
        for name, (plural, where) in _OVER_WORDS.items()
    ),
    label="Where revenue lies, by segment",
    dimensions=("all", *OVER),
    depends_on=(ARR, RENEWAL, TIERS),
)
def nightly_spread(as_of: date) -> Statement:
    return load("metrics", "arr_spread", key=ARR, renewal=RENEWAL, day=as_of)
