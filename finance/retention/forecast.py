"""ARR of the next four quarters from what is agreed and from the terms that end: base, low and high.

What the ledger holds of days ahead is agreed. A term that ends is at risk: where all lines end with it, what they held
before, unless another contract of the account takes over within some days; of a contract that renews by itself and
whose lines run on, what runs on. Where a version of the contract tells that its renewal was taken out or its end moved
forward, notice was given. No new business and no expansion between renewals is forecast.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import CharField, Exists, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from common.periods import add_months, end_of
from common.rounding import to_cents
from common.versions.models import VersionState
from finance.models import Contract, ContractVersion
from finance.retention.assumptions import AFTER_DAYS, ONE, ZERO, Assumption, assume, read_history
from finance.revenue.positions import month_end, read_rates, revenue_on
from finance.revenue.windows import Window, left_out_of
from metrics.engine.plan import today
from metrics.statements import compose, load

QUARTERS = 4
SCENARIOS = ("low", "base", "high")


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """One thing that will or may change ARR in a quarter, in the reporting currency.

    ``at_risk`` is the ARR of a term that ends, None for what is agreed. ``assumed`` is the share of it that is taken to
    renew in the base case, None where nothing is assumed. ``low``, ``base`` and ``high`` are the changes.
    """

    on: date
    account_id: int
    account_name: str
    contract_id: int
    number: str
    kind: str
    at_risk: Decimal | None
    assumption: Assumption | None
    low: Decimal
    base: Decimal
    high: Decimal
    notice_on: date | None = None
    assumed: Decimal | None = None

    @property
    def what(self) -> str:
        """What it is, in words."""
        return KINDS[self.kind]


KINDS = {
    "agreed": "Agreed",
    "renews": "Renews by itself",
    "passed": "Renews, too late for notice",
    "given": "Notice was given",
    "ends": "Ends unless renewed",
    "covered": "Another contract takes over",
}


@dataclass(frozen=True, kw_only=True)
class Quarter:
    """Three months ahead with what falls into them."""

    number: int
    first: date
    last: date
    start: Mapping[str, Decimal]
    rows: Sequence[Ahead]

    @property
    def agreed(self) -> Decimal:
        """What is agreed, up and down."""
        return sum((row.base for row in self.rows if row.kind == "agreed"), ZERO)

    @property
    def at_risk(self) -> Decimal:
        """ARR of the terms that end."""
        return sum((row.at_risk or ZERO for row in self.rows), ZERO)

    @property
    def ends(self) -> int:
        """How many terms end."""
        return sum(row.kind != "agreed" for row in self.rows)

    def change(self, scenario: str) -> Decimal:
        """Return what all rows change."""
        return sum((getattr(row, scenario) for row in self.rows), ZERO)

    def end(self, scenario: str) -> Decimal:
        """Return ARR at the end."""
        return self.start[scenario] + self.change(scenario)

    @property
    def shown(self) -> list[Decimal]:
        """ARR at the end by scenario: low, base, high."""
        return [self.end(scenario) for scenario in SCENARIOS]

    @property
    def moved(self) -> list[Decimal]:
        """What all rows change by scenario: low, base, high."""
        return [self.change(scenario) for scenario in SCENARIOS]


@dataclass(kw_only=True, slots=True)
class _Coming:
    """What a contract begins to bring on a day, and how much of it no ended term has claimed yet."""

    on: date
    contract_id: int
    left: Decimal


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Four quarters from the end of ``base`` on, with what is assumed; ``left_out`` names currencies without a rate."""

    base: date
    start: Decimal
    quarters: Sequence[Quarter]
    assumptions: Sequence[Assumption]
    passed: Decimal
    given: Decimal
    left_out: Sequence[str]

    @property
    def agreed(self) -> Decimal:
        """What is agreed in all quarters, up and down."""
        return sum((quarter.agreed for quarter in self.quarters), ZERO)

    @property
    def ends(self) -> int:
        """How many terms end in all quarters."""
        return sum(quarter.ends for quarter in self.quarters)

    @property
    def at_risk(self) -> Decimal:
        """ARR of the terms that end in all quarters."""
        return sum((quarter.at_risk for quarter in self.quarters), ZERO)

    @property
    def moved(self) -> list[Decimal]:
        """What all quarters change by scenario: low, base, high."""
        return [value - self.start for value in self.quarters[-1].shown]

    @property
    def shares(self) -> list[Decimal]:
        """ARR at the end as a share of that at the start, which isn't zero, by scenario: low, base, high."""
        return [value / self.start for value in self.quarters[-1].shown]


def read_forecast(
    base: date,
    tiers: list[str],
    params: Mapping[str, str],
    passed: Decimal = ONE,
    *,
    given: Decimal = ZERO,
    looked_at: date | None = None,
) -> Forecast:
    """Return the forecast from the end of day ``base``; six queries.

    ``passed`` is the share of ARR that renews where the day for notice has passed, by ``looked_at`` (today), without a
    word of it; ``given`` that where notice was given by then. Accounts with ARR in a currency without a rate are left
    out as a whole, as they are of the start.
    """
    day = looked_at or today()
    until = month_end(add_months(base.replace(day=1), QUARTERS * 3))
    rates = read_rates(base)
    without_rate = left_out_of([Window(base, base)])
    silent = {account for accounts in without_rate.values() for account in accounts}
    terms = [row for row in _terms(base, until, day) if row["account_id"] not in silent]
    entries = _entries(base, until + timedelta(days=AFTER_DAYS))
    assumptions = assume(sorted({*tiers, "none"}, key=[*tiers, "none"].index), read_history(base), params)
    lacking = {row["currency"] for row in (*terms, *entries) if row["currency"] not in rates} | {
        *without_rate
    }
    entries = [row for row in entries if row["account_id"] not in silent]
    start = compose("SELECT coalesce(sum(own.value), 0) FROM ({own}) AS own", own=revenue_on(base)).fetch()[
        0
    ][0]
    rows = [
        *_agreed(terms, [row for row in entries if row["on"] <= until], rates),
        *_renewals(terms, entries, rates, assumptions, {"passed": passed, "given": given}, day),
    ]
    used = {row.assumption.tier for row in rows if row.assumption}
    return Forecast(
        base=base,
        start=start,
        quarters=_quarters(base, start, rows),
        assumptions=[each for tier, each in assumptions.items() if tier != "none" or tier in used],
        passed=passed,
        given=given,
        left_out=sorted(lacking),
    )


def _quarters(base: date, start: Decimal, rows: Sequence[Ahead]) -> list[Quarter]:
    found: list[Quarter] = []
    held = dict.fromkeys(SCENARIOS, start)
    after = base
    for number in range(1, QUARTERS + 1):
        last = month_end(add_months(base.replace(day=1), 3 * number))
        inside = [row for row in rows if after < row.on <= last]
        inside.sort(key=lambda row: (row.on, row.account_name, row.contract_id, row.kind))
        quarter = Quarter(number=number, first=after + timedelta(days=1), last=last, start=held, rows=inside)
        held = {scenario: quarter.end(scenario) for scenario in SCENARIOS}
        found.append(quarter)
        after = last
    return found


def _terms(base: date, until: date, looked_at: date) -> list[dict[str, Any]]:
    running: Any = Contract.objects.running_on(base).with_trial_on(base).with_next_end(base)
    contracts = running.filter(is_trial=False).annotate(was_noticed=_noticed_by(looked_at))
    contracts = contracts.values(
        "id", "number", "account_id", "currency", "auto_renew", "next_end", "notice_on", "was_noticed"
    )
    return load("finance", "forecast_terms", contracts=contracts, base=base, until=until).fetch_dicts()


def _noticed_by(day: date) -> Q:
    """Whether a contract said by the end of ``day`` that it renews no more, or ends before it once would have."""
    earlier: Any = ContractVersion.objects.filter(
        contract=OuterRef("pk"), state=VersionState.RETIRED, retired_at__lt=end_of(day)
    ).annotate(ended=KeyTextTransform("end_on", "statement"))
    longer = Q(ended=None) | Q(ended__gt=Cast(OuterRef("end_on"), CharField()))
    return Q(Exists(earlier.filter(longer | Q(statement__auto_renew=True))), auto_renew=False)


def _entries(base: date, until: date) -> list[dict[str, Any]]:
    return load("finance", "forecast_entries", base=base, until=until).fetch_dicts()


def _ends_with_it(term: Mapping[str, Any]) -> bool:
    """Whether the ledger holds nothing of the contract once the term has ended; sources end lines with each term."""
    return bool(term["after"] <= 0)


def _agreed(
    terms: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]], rates: Mapping[str, Decimal]
) -> list[Ahead]:
    """Return what the ledger holds of days ahead, but for the ends of terms of which it isn't known what follows."""
    expiring = {(term["contract_id"], term["ends_on"]) for term in terms if _ends_with_it(term)}
    found = []
    for entry in entries:
        rate = rates.get(entry["currency"])
        if rate is None or (entry["contract_id"], entry["on"]) in expiring:
            continue
        change = _worth(entry["arr"], rate)
        found.append(
            Ahead(
                **{key: entry[key] for key in ("on", "account_id", "account_name", "contract_id", "number")},
                kind="agreed",
                at_risk=None,
                assumption=None,
                low=change,
                base=change,
                high=change,
            )
        )
    return found


def _renewals(
    terms: Sequence[Mapping[str, Any]],
    entries: Sequence[Mapping[str, Any]],
    rates: Mapping[str, Decimal],
    assumptions: Mapping[str, Assumption],
    shares: Mapping[str, Decimal],
    looked_at: date,
) -> list[Ahead]:
    coming: dict[tuple[int, str], list[_Coming]] = defaultdict(list)
    for entry in entries:
        if entry["arr"] > 0:
            coming[entry["account_id"], entry["currency"]].append(
                _Coming(on=entry["on"], contract_id=entry["contract_id"], left=entry["arr"])
            )
    found = []
    for term in terms:
        rate = rates.get(term["currency"])
        ends = _ends_with_it(term)
        if rate is None or not (ends or term["auto_renew"]):
            continue  # what follows is signed
        held = _worth(term["before"] if ends else term["after"], rate)
        covered = _worth(_take_over(term, coming), rate) if ends else ZERO
        if not held:
            continue
        assumption = assumptions.get(term["tier"], assumptions["none"])
        has_passed = (
            bool(term["auto_renew"]) and term["notice_on"] is not None and term["notice_on"] < looked_at
        )
        at_risk = held - covered
        if covered == held:
            kind = "covered"
        elif has_passed:
            kind = "passed"
        elif term["was_noticed"]:
            kind = "given"
        else:
            kind = "renews" if term["auto_renew"] else "ends"
        low, middle, high = _kept(at_risk, assumption, shares.get(kind))
        found.append(
            Ahead(
                **{
                    key: term[key]
                    for key in ("account_id", "account_name", "contract_id", "number", "notice_on")
                },
                on=term["ends_on"],
                kind=kind,
                at_risk=held,
                assumption=assumption,
                low=low - held,
                base=middle - held,
                high=high - held,
                assumed=None if kind == "covered" else shares.get(kind, assumption.rate),
            )
        )
    return found


def _kept(
    at_risk: Decimal, assumption: Assumption, share: Decimal | None
) -> tuple[Decimal, Decimal, Decimal]:
    """Return what of the ARR stays: at the low rate without uplift, at the rate, and at the high one.

    With a ``share`` it is that one in all three.
    """
    if share is not None:
        kept = _worth(at_risk, share)
        return kept, kept, kept
    plus = ONE + assumption.uplift
    return (
        _worth(at_risk, assumption.low),
        _worth(at_risk, assumption.rate * plus),
        _worth(at_risk, assumption.high * plus),
    )


def _take_over(term: Mapping[str, Any], coming: Mapping[tuple[int, str], Sequence[_Coming]]) -> Decimal:
    """Return the ARR that other contracts of the account bring in place of a term that ends, and use it up.

    What begins around the day takes over once: a second term that ends then is at risk for what is left.
    """
    near = timedelta(days=AFTER_DAYS)
    held: Decimal = term["before"]
    wanted = held
    for each in coming.get((term["account_id"], term["currency"]), ()):
        if each.contract_id != term["contract_id"] and abs(each.on - term["ends_on"]) <= near:
            taken = min(wanted, each.left)
            each.left -= taken
            wanted -= taken
    return held - wanted


def _worth(amount: Decimal, rate: Decimal) -> Decimal:
    return to_cents(amount * rate)
