"""Revenue against a second opinion: plain Python, written from the domain's words alone, over random histories.

A company is played step by step: lines and contracts come, change, move, go and return, accounts too, rates are
corrected, the ledger follows now and then, and months are closed in between. After that each figure, as it is known
now and as it was published, has to be what the opinion says of the company as it stands, or stood.
"""

from __future__ import annotations

from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account, TierTenure
from finance.models import Contract, ContractLine, ExchangeRate, RevenueToRecompute
from finance.revenue.movements import (
    DIMENSIONS,
    Movement,
    account_movements_over,
    find_gaps,
    movements_by_dimension,
)
from finance.revenue.positions import revenue_on
from finance.revenue.publication import close_months, restatements
from finance.revenue.windows import Window, as_published, windows_of
from tests.metrics.facts import follow_revenue, make_account, make_line, make_rate, measure, measure_segments

pytestmark = pytest.mark.django_db

CENT = Decimal("0.01")
# Domain: annual ÷ 12, quarterly ÷ 3, weekly × 52 ÷ 12, daily × 365.25 ÷ 12; ARR = 12 × MRR.
TIMES_A_YEAR = {
    "year": Decimal(1),
    "half_year": Decimal(2),
    "quarter": Decimal(4),
    "month": Decimal(12),
    "week": Decimal(52),
    "day": Decimal("365.25"),
}
CURRENCIES = ("USD", "EUR", "JPY", "SEK")
KINDS = ("start", "fx", "new", "expansion", "reactivation", "contraction", "churn", "end")
GONE = "2026-11-01T00:00:00Z"
BEGIN, LAST_MONTH = date(2024, 1, 1), date(2025, 4, 1)
AS_OF = date(2025, 4, 30)
MOVED = date(2024, 8, 20)  # when the first account comes into another tier


@dataclass
class Line:
    contract: int
    start_on: date
    end_on: date | None
    amount: Decimal
    billing_period: str
    discount_percent: Decimal
    is_trial: bool
    is_gone: bool = False


@dataclass
class Terms:
    account: int
    currency: str
    end_on: date | None = None
    auto_renew: bool = False
    is_gone: bool = False


@dataclass
class Company:
    """What sources say at one time."""

    contracts: list[Terms]
    lines: list[Line] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    rates: dict[tuple[str, date], Decimal] = field(default_factory=dict)

    def spans(self, account: int) -> list[tuple[str, date, date | None, Decimal]]:
        """Return currency, first day, day after and yearly amount of what an account pays for again and again."""
        found = []
        for line in self.lines:
            terms = self.contracts[line.contract]
            if terms.account != account or terms.is_gone or line.is_gone or account in self.gone:
                continue
            if line.is_trial or line.billing_period not in TIMES_A_YEAR:
                continue
            ends = [line.end_on, None if terms.auto_renew else terms.end_on]
            end = min((day for day in ends if day), default=None)
            yearly = line.amount * TIMES_A_YEAR[line.billing_period] * (100 - line.discount_percent) / 100
            if yearly and (end is None or end > line.start_on):
                found.append((terms.currency, line.start_on, end, yearly))
        return found

    def own(self, account: int, day: date) -> dict[str, Decimal]:
        """Return ARR on a day by currency, exact."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for currency, start, end, yearly in self.spans(account):
            if start <= day and (end is None or day < end):
                found[currency] += yearly
        return found

    def rate(self, currency: str, day: date) -> Decimal | None:
        if currency == "USD":
            return Decimal(1)
        known = [(on, rate) for (code, on), rate in self.rates.items() if code == currency and on <= day]
        return max(known)[1] if known else None

    def worth(self, account: int, day: date, rates_day: date, divisor: int = 1) -> Decimal | None:
        """Return ARR in dollars: rounded by currency, and again when changed; None for want of a rate."""
        total = Decimal(0)
        for currency, exact in self.own(account, day).items():
            if amount := cents(exact / divisor):
                rate = self.rate(currency, rates_day)
                if rate is None:
                    return None
                total += cents(amount * rate)
        return total

    def paid_before(self, account: int, day: date) -> bool:
        return any(start <= day for _, start, _, _ in self.spans(account))

    def movement(self, account: int, window: Window, start_rates: date, end_rates: date) -> dict[str, Any]:
        """Return what happened to an account between two days, by kind; nothing where it has no value."""
        start = self.worth(account, window.start, start_rates)
        base = self.worth(account, window.start, end_rates)
        end = self.worth(account, window.end, end_rates)
        told: dict[str, Any] = dict.fromkeys(KINDS, Decimal(0))
        if start is None or base is None or end is None:
            return told
        told |= {"start": start, "fx": base - start, "end": end}
        if base:
            told["expansion"] = max(end - base, Decimal(0))
            told["contraction" if end else "churn"] = max(base - end, Decimal(0))
        else:
            told["reactivation" if self.paid_before(account, window.start) else "new"] = end
        return told


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def tier_of(account: int, day: date) -> str:
    return ("strategic" if day >= MOVED else "growth", "none", "standard")[account]


PLACES: dict[str, Any] = {
    "all": lambda account, day: "",
    "tier": tier_of,
    "industry": lambda account, day: f"I{account % 2}",
    "country": lambda account, day: ("DE", "none", "FR")[account],
    "size": lambda account, day: ("1-49", "none", "50-249")[account],
    "owner": lambda account, day: ("ann@sells.example", "none", "none")[account],
}


class Played:
    """A company as it is played: what sources say, the rows that say it here, and how it was at each close."""

    def __init__(self) -> None:
        self.accounts = [
            make_account(
                industry=f"I{place % 2}",
                country=("DE", "", "FR")[place],
                employees=(10, None, 50)[place],
                owner_email=("ann@sells.example", "", "")[place],
            )
            for place in range(3)
        ]
        tiers = [make_account(tier).tier_id for tier in ("growth", "strategic", "standard")]
        for place, tier, during in (
            (0, tiers[0], (None, MOVED)),
            (0, tiers[1], (MOVED, None)),
            (2, tiers[2], (None, None)),
        ):
            TierTenure.objects.create(
                account=self.accounts[place], tier_id=tier, during=during, cause="import"
            )
        self.now = Company([Terms(place % 3, CURRENCIES[place]) for place in range(4)])
        self.contracts = [
            Contract.objects.create(
                account=self.accounts[terms.account], currency=terms.currency, start_on=date(2019, 1, 1)
            )
            for terms in self.now.contracts
        ]
        self.lines: list[ContractLine] = []
        self.published: dict[date, Company] = {}

    def mark(self, *contracts: int) -> None:
        """Mark accounts as a batch does."""
        for contract in contracts:
            RevenueToRecompute.objects.get_or_create(
                account=self.accounts[self.now.contracts[contract].account]
            )

    def play(self, step: tuple[Any, ...]) -> None:
        name, *given_ = step
        if name in {"amend", "rehang"}:
            if not self.lines:
                return
            given_[0] %= len(self.lines)
        getattr(self, name)(*given_)

    def add(self, line: Line) -> None:
        self.now.lines.append(replace(line))
        self.mark(line.contract)
        self.lines.append(
            make_line(
                self.accounts[self.now.contracts[line.contract].account],
                line.start_on,
                line.end_on,
                line.amount,
                period=line.billing_period,
                contract=self.contracts[line.contract],
                discount_percent=line.discount_percent,
                is_trial=line.is_trial,
            )
        )

    def _line(self, place: int, **fields: Any) -> None:
        self.mark(self.now.lines[place].contract)
        ContractLine.objects.filter(pk=self.lines[place].pk).update(**fields)

    def amend(self, place: int, changed: dict[str, Any]) -> None:
        line = replace(self.now.lines[place], **changed)
        if line.end_on is not None and line.end_on <= line.start_on:
            return
        self.now.lines[place] = line
        fields = {name: value for name, value in changed.items() if name != "is_gone"}
        if "is_gone" in changed:
            fields["deleted_at"] = GONE if changed["is_gone"] else None
        self._line(place, **fields)

    def rehang(self, place: int, contract: int) -> None:
        self.mark(self.now.lines[place].contract, contract)
        self.now.lines[place].contract = contract
        self._line(place, contract=self.contracts[contract])

    def terms(self, place: int, changed: dict[str, Any]) -> None:
        self.mark(place)
        self.now.contracts[place] = replace(self.now.contracts[place], **changed)
        self.mark(place)
        fields = dict(changed)
        if "is_gone" in fields:
            fields["deleted_at"] = GONE if fields.pop("is_gone") else None
        if "account" in fields:
            fields["account"] = self.accounts[fields["account"]]
        Contract.objects.filter(pk=self.contracts[place].pk).update(**fields)

    def account(self, place: int, is_gone: bool) -> None:  # no mark, as it is when sources delete accounts
        (self.now.gone.add if is_gone else self.now.gone.discard)(place)
        Account.objects.filter(pk=self.accounts[place].pk).update(deleted_at=GONE if is_gone else None)

    def rate(self, currency: str, on: date, rate: Decimal | None) -> None:
        ExchangeRate.objects.filter(currency=currency, on=on).update(deleted_at=GONE)
        self.now.rates.pop((currency, on), None)
        if rate is not None:
            self.now.rates[currency, on] = rate
            make_rate(currency, on, str(rate))

    def follow(self) -> None:
        follow_revenue(AS_OF)

    def close(self, until: date) -> None:
        for month in close_months(until=until):
            self.published[month] = deepcopy(self.now)

    def known(self, window: Window) -> Company:
        """Return the company as it was when the month of a window was published; as it is while that is open."""
        month = window.end.replace(day=1)
        if self.published:
            month = max(month, min(self.published))
        return self.published.get(month, self.now)


# Few days, so that spans overlap, meet and swap on one day; ends of Februaries of both kinds of years among them.
days = st.sampled_from(
    [
        BEGIN + timedelta(days=count)
        for count in (0, 30, 31, 58, 59, 60, 61, 120, 232, 300, 366, 423, 424, 425)
    ]
)
usual = st.integers(10_000, 99_999_999).map(lambda digits: Decimal(digits).scaleb(-4))
odd = st.sampled_from([Decimal(0), Decimal("0.0001"), Decimal("0.0042"), Decimal("99999999999999.9999")])
amounts = st.one_of(usual, usual, usual, odd)
discounts = st.sampled_from(
    [Decimal(each) for each in ("0", "0", "12.3456", "33.3333", "50", "99.9999", "100")]
)
periods = st.sampled_from([*TIMES_A_YEAR, "one_off", "usage"])
rates = st.integers(1, 200_000_000).map(lambda digits: Decimal(digits).scaleb(-8))
ends = st.none() | days
rarely = st.sampled_from([False, False, False, True])


def lines_of(contracts: int, amounts: Any, periods: Any, is_trial: Any) -> Any:
    """Draw lines of the first so many contracts."""
    return st.builds(
        lambda contract, start, days, amount, period, discount, is_trial: Line(
            contract,
            start,
            start + timedelta(days=days) if days else None,
            amount,
            period,
            discount,
            is_trial,
        ),
        st.integers(0, contracts - 1),
        days,
        st.sampled_from([None, None, 1, 28, 31, 61, 300, 366]),
        amounts,
        periods,
        discounts,
        is_trial,
    )


first_lines = st.lists(
    lines_of(3, usual, st.sampled_from([*TIMES_A_YEAR]), st.just(False)), min_size=4, max_size=8
)
lines = lines_of(4, amounts, periods, rarely)
changes = st.one_of(
    *(
        st.fixed_dictionaries({name: values})
        for name, values in {
            "amount": amounts,
            "start_on": days,
            "end_on": ends,
            "billing_period": periods,
            "discount_percent": discounts,
            "is_trial": rarely,
            "is_gone": rarely,
        }.items()
    )
)
terms = st.one_of(
    st.fixed_dictionaries({"account": st.integers(0, 2)}),
    st.fixed_dictionaries({"currency": st.sampled_from(CURRENCIES)}),
    st.fixed_dictionaries({"end_on": ends}),
    st.fixed_dictionaries({"auto_renew": st.booleans()}),
    st.fixed_dictionaries({"is_gone": rarely}),
)
some_line = st.integers(0, 99)
close = st.tuples(
    st.just("close"), st.sampled_from([date(2024, 2, 29), date(2024, 6, 30), date(2025, 2, 28)])
)
amend = st.tuples(st.just("amend"), some_line, changes)
steps = st.one_of(
    st.tuples(st.just("add"), lines),
    amend,
    amend,
    close,
    close,
    st.tuples(st.just("rehang"), some_line, st.integers(0, 3)),
    st.tuples(st.just("terms"), st.integers(0, 3), terms),
    st.tuples(st.just("account"), st.integers(0, 2), rarely),
    st.tuples(
        st.just("rate"),
        st.sampled_from(CURRENCIES[1:]),
        days,
        st.one_of(rates, rates, st.none()),
    ),
    st.just(("follow",)),
)


def compare_windows(company: Played, windows: list[Window], *, constant: bool, published: bool) -> None:
    """Assert the movements of every account and segment, and the rates of retention."""
    asked = as_published(windows) if published else windows
    day = windows[-1].end
    rows = account_movements_over(asked, rates_day=day, constant_currency=constant)
    held = {(row.account_id, row.end_day): row for row in rows}
    told = movements_by_dimension(asked, rates_day=day, constant_currency=constant)
    parts = {(name, row.end_day, row.member): row for name, found in told.items() for row in found}
    for window in windows:
        then = company.known(window) if published else company.now
        rates = (day, day) if constant else (window.start, window.end)
        summed: dict[Any, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for place, account in enumerate(company.accounts):
            wanted = then.movement(place, window, *rates)
            row = held.get((account.pk, window.end))
            assert {kind: getattr(row, kind) if row else 0 for kind in KINDS} == wanted
            up = sum(wanted[kind] for kind in ("start", "fx", "new", "expansion", "reactivation"))
            assert wanted["end"] == up - wanted["contraction"] - wanted["churn"]
            start, end = wanted["start"], wanted["end"]
            for name in ("all", *DIMENSIONS):
                total = summed[name, window.end, PLACES[name](place, window.start)]
                for kind in KINDS:
                    total[kind] += wanted[kind]
                if start:
                    total["accounts"] += 1
                    total["lost"] += not end
                    total["kept"] += end
                    total["least"] += min(start, end)
        for (name, end_day, member), total in summed.items():
            compare_totals(parts.get((name, end_day, member)), total)


def compare_totals(row: Movement | None, total: dict[str, Decimal]) -> None:
    names = (*KINDS, "accounts", "lost", "kept", "least")
    assert {name: getattr(row, name) if row else 0 for name in names} == {name: total[name] for name in names}
    if row is None:
        return
    start = total["start"]
    assert row.nrr == (total["kept"] / start if start else None)
    assert row.grr == (total["least"] / start if start else None)
    assert row.grr is None or row.grr <= 1
    assert row.logo_churn == (total["lost"] / total["accounts"] if total["accounts"] else None)
    assert row.expansion_rate == (total["expansion"] / start if start else None)


def compare_days(company: Played) -> None:
    """Assert MRR and ARR of single days, and what the night stores of retention and movements."""
    for day in (date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), AS_OF):
        for divisor in (1, 12):
            held = dict(revenue_on(day, divisor).fetch())
            for place, account in enumerate(company.accounts):
                paid = company.now.paid_before(place, day)
                wanted = company.now.worth(place, day, day, divisor) if paid else None
                assert held.get(account.pk) == wanted
    year = Window(date(2024, 4, 30), AS_OF)
    nrr, grr = measure("finance.nrr", AS_OF), measure("finance.grr", AS_OF)
    for place, account in enumerate(company.accounts):
        told = company.now.movement(place, year, AS_OF, AS_OF)
        start, end = told["start"], told["end"]
        for held, kept in ((nrr, end), (grr, min(start, end))):
            wanted = (kept / start).quantize(Decimal("0.000001"), ROUND_HALF_UP) if start else None
            assert held.get(account.pk) == wanted
    month = Window(date(2025, 3, 31), AS_OF)
    rows = measure_segments("finance.movements", AS_OF)
    for name in ("all", "tier", "industry"):
        for kind in set(KINDS) - {"fx"}:
            summed: dict[str, Decimal] = defaultdict(Decimal)
            for place in range(3):
                summed[PLACES[name](place, month.start)] += company.now.movement(place, month, AS_OF, AS_OF)[
                    kind
                ]
            for member, total in summed.items():
                found = rows.get((f"finance.arr_{kind}", name, member))
                assert (found.value if found else 0) == total


def compare_restatements(company: Played) -> None:
    """Assert that the reasons given add up, for each account, to what is told otherwise by now."""
    for month in company.published:
        day = month + relativedelta(day=31)
        reasons: dict[int, Decimal] = defaultdict(Decimal)
        for row in restatements(month):
            reasons[row.account_id] += row.change or 0
            assert row.cause != "rounding" or abs(row.change or 0) < 1
        for place, account in enumerate(company.accounts):
            then, now = (each.worth(place, day, day) or 0 for each in (company.published[month], company.now))
            assert reasons[account.pk] == now - then


def compare(first: list[Line], played: list[tuple[Any, ...]]) -> None:
    company = Played()
    for line in first:
        company.add(line)
    company.rate("EUR", BEGIN, Decimal("1.07"))
    company.rate("EUR", date(2024, 8, 20), Decimal("1.131"))
    company.rate("JPY", BEGIN, Decimal("0.00667"))
    for step in played:
        company.play(step)
    company.follow()
    assert follow_revenue(AS_OF) == 0
    assert find_gaps(BEGIN, AS_OF) == []
    for months, step, begin in ((1, 1, BEGIN), (3, 3, date(2024, 3, 1)), (12, 1, date(2024, 12, 1))):
        windows = windows_of(begin, LAST_MONTH, months=months, step=step)
        for constant in (True, False):
            for published in (False, True):
                compare_windows(company, windows, constant=constant, published=published)
    compare_days(company)
    compare_restatements(company)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=first_lines, played=st.lists(steps, min_size=3, max_size=16))
def test_any_history_reads_as_a_second_opinion_has_it(
    first: list[Line], played: list[tuple[Any, ...]]
) -> None:
    with localcontext() as context, transaction.atomic():
        context.prec = 60
        compare(first, played)
        transaction.set_rollback(True)
