"""Contracts and their lines, priced so that they add up to what the account's life says."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal

from demo import catalogue
from demo.catalogue import CORE, Product
from demo.company.chance import base62, moment, pick, rng_for
from demo.company.lives import Term
from demo.company.rates import LIST_RATE
from demo.company.records import Account, Contract, Line

_Span = tuple[date, date | None]

PERIODS_PER_YEAR = {"day": 365.25, "week": 52.0, "month": 12.0, "quarter": 4.0, "half_year": 2.0, "year": 1.0}

_BILLING: dict[str, dict[str, float]] = {
    "strategic": {"year": 5, "quarter": 4, "half_year": 2},
    "enterprise": {"year": 6, "quarter": 3, "half_year": 1},
    "growth": {"year": 6, "quarter": 2, "month": 3, "half_year": 1},
    "standard": {"year": 5, "month": 5, "quarter": 1},
}
_ROLLING_BILLING: dict[str, float] = {"month": 17, "week": 2, "day": 1}
_DISCOUNTS: dict[str, dict[str, float]] = {
    "strategic": {"15": 1, "20": 2, "25": 1},
    "enterprise": {"5": 1, "10": 2, "12.5": 1, "15": 1},
    "growth": {"0": 3, "5": 2, "10": 1},
    "standard": {"0": 6, "10": 1},
}
_MODULES = {"strategic": (3, 4), "enterprise": (1, 4), "growth": (0, 2), "standard": (0, 1)}
_PAYMENT_DAYS = {"strategic": (30, 45, 60), "enterprise": (30, 30, 45), "growth": (30,), "standard": (14, 30)}
_NOTICE_DAYS = {"strategic": (90, 60), "enterprise": (60, 90), "growth": (30, 60), "standard": (30,)}


def modules_of(rng: random.Random, tier: str) -> tuple[Product, ...]:
    """Return the modules an account has bought or will buy, in the order of buying."""
    low, high = _MODULES[tier]
    return tuple(rng.sample(catalogue.MODULES, rng.randint(low, high)))


def build_contracts(seed: int, today: date, accounts: list[Account]) -> list[Contract]:
    """Return every contract with its lines, oldest first within an account."""
    contracts: list[Contract] = []
    for account in accounts:
        rng = rng_for(seed, "contracts", account.id)
        writer = _Writer(rng, account, today, modules_of(rng_for(seed, "modules", account.id), account.tier))
        contracts += writer.write(first_number=len(contracts) + 1)
    return contracts


class _Writer:
    """Writes one account's contracts."""

    def __init__(
        self, rng: random.Random, account: Account, today: date, modules: tuple[Product, ...]
    ) -> None:
        self.rng = rng
        self.account = account
        self.today = today
        self.modules = modules
        tier = account.tier
        is_rolling = any(term.is_rolling for term in account.life.terms)
        self.billing = pick(rng, _ROLLING_BILLING if is_rolling else _BILLING[tier])
        self.discount = Decimal(pick(rng, _DISCOUNTS[tier]))
        self.payment_days = rng.choice(_PAYMENT_DAYS[tier])
        self.notice_days = rng.choice(_NOTICE_DAYS[tier])
        self.has_premium_support = tier == "strategic" or (tier == "enterprise" and rng.random() < 0.3)
        self.pays_overage = tier in {"strategic", "enterprise"} and rng.random() < 0.4
        last = account.life.last_level() if account.life.terms else 1.0
        self.per_level = account.size / LIST_RATE[account.currency] / last

    def write(self, first_number: int) -> list[Contract]:
        life = self.account.life
        contracts = []
        if life.trial:
            contracts.append(self._trial(first_number, *life.trial))
        for place, term in enumerate(life.terms):
            contract = self._contract(first_number + len(contracts), term.start, term.end)
            contract.lines = self._lines(term, is_first=place == 0, ends=contract.end)
            newest = max(line.updated_at for line in contract.lines if line.updated_at)
            contract.updated_at = max(contract.updated_at, newest)
            contracts.append(contract)
        for contract in contracts:
            # A contract that was replaced or has run out doesn't renew any more.
            is_over = contract.end is not None and contract.end <= self.today
            contract.auto_renew = contract.auto_renew and contract is contracts[-1] and not is_over
        return contracts

    def _contract(self, number: int, start: date, end: date | None) -> Contract:
        is_last = end is not None and end == self.account.life.end
        months = None if end is None else (end.year - start.year) * 12 + end.month - start.month
        return Contract(
            id=f"sub_1{base62(self.rng, 23)}",
            account=self.account.id,
            number=f"FW-{start.year}-{number:05d}",
            start=start,
            end=end,
            currency=self.account.currency,
            notice_days=self.notice_days,
            auto_renew=not is_last and (end is None or self.rng.random() < 0.8),
            renewal_months=1 if end is None else min(months or 12, 12),
            payment_terms_days=self.payment_days,
            updated_at=self._told(start),
        )

    def _told(self, day: date) -> datetime:
        """Return when billing recorded something that takes effect on a day."""
        return moment(
            self.rng, min(day - timedelta(days=self.rng.randint(0, 12)), self.today - timedelta(days=1))
        )

    def _trial(self, number: int, start: date, end: date) -> Contract:
        contract = self._contract(number, start, end)
        contract.auto_renew, contract.renewal_months = False, None
        line = self._line(CORE.name, (start, end), self.rng.choice((5, 10, 25)), Decimal(0), "month")
        line.is_trial = True
        contract.lines = [line]
        return contract

    def _line(
        self, product: str, span: _Span, quantity: int, unit_price: Decimal, billing_period: str | None = None
    ) -> Line:
        """Return a line over a span; without a period of its own, at the account's period and discount."""
        return Line(
            id=f"si_{base62(self.rng, 14)}",
            product=product,
            start=span[0],
            end=span[1],
            quantity=quantity,
            unit_price=unit_price,
            billing_period=billing_period or self.billing,
            discount_percent=Decimal(0) if billing_period else self.discount,
            updated_at=self._told(span[0]),
        )

    def _unit_price(self, per_year: float) -> Decimal:
        """Return the price of a unit for one billing period, to the cent."""
        return Decimal(max(1, round(per_year / PERIODS_PER_YEAR[self.billing] * 100))) / 100

    def _yearly(self, unit_price: Decimal) -> float:
        """Return what one unit brings in a year, after the discount."""
        return float(unit_price * (1 - self.discount / 100)) * PERIODS_PER_YEAR[self.billing]

    def _seats(self, product: Product, span: _Span, revenue: float) -> Line:
        unit_price = self._unit_price(product.seat_price / LIST_RATE[self.account.currency])
        quantity = max(1, round(revenue / self._yearly(unit_price)))
        return self._line(product.name, span, quantity, unit_price)

    def _lines(self, term: Term, *, is_first: bool, ends: date | None) -> list[Line]:
        (start, level), *steps = term.steps
        revenue = level * self.per_level
        # Modules come one by one; those of later years are what expansions are made of.
        owned = list(self.modules if not is_first else self.modules[: max(1, len(self.modules) - len(steps))])
        lines: list[Line] = []
        left = revenue
        if self.has_premium_support:
            fee = self._unit_price(0.1 * left)
            lines.append(self._line(catalogue.PREMIUM_SUPPORT, (start, ends), 1, fee, self.billing))
            left -= 0.1 * left
        per_seat = sum(product.seat_price for product in (CORE, *owned))
        lines += [
            self._seats(product, (start, ends), left * product.seat_price / per_seat)
            for product in (CORE, *owned)
        ]
        for (day, level), (_, before) in zip(steps, term.steps, strict=False):
            change = (level - before) * self.per_level
            if change < 0:
                self._cut(lines, day, -change)
                continue
            unbought = [product for product in self.modules if product not in owned]
            product = unbought[0] if unbought and self.rng.random() < 0.6 else CORE
            if product is not CORE:
                owned.append(product)
            lines.append(self._seats(product, (day, ends), change))
        lines += self._extras(start, ends, revenue, is_first=is_first)
        return lines

    def _cut(self, lines: list[Line], day: date, revenue: float) -> None:
        """End lines on a day, modules first; a smaller line goes on where only part of one is given up."""
        for line in sorted(lines, key=lambda line: (line.product == CORE.name, -line.start.toordinal())):
            if revenue <= 0 or line.start >= day or line.product == catalogue.PREMIUM_SUPPORT:
                continue
            yearly = self._yearly(line.unit_price)
            given_up = min(line.quantity, round(revenue / yearly))
            if not given_up:
                continue
            revenue -= given_up * yearly
            kept = line.quantity - given_up
            if kept:
                lines.append(self._line(line.product, (day, line.end), kept, line.unit_price))
            line.end = day
            line.updated_at = self._told(day)

    def _extras(self, start: date, ends: date | None, revenue: float, *, is_first: bool) -> list[Line]:
        """Return what does not recur: services at the start, training now and then, usage above the plan."""
        rng, tier = self.rng, self.account.tier
        extras = []
        served = {"strategic": 1.0, "enterprise": 0.9, "growth": 0.4, "standard": 0.05}[tier]
        until = start + timedelta(days=60)
        until = min(until, ends) if ends else until
        if is_first and rng.random() < served:
            fee = Decimal(max(500, round(revenue * 0.08, -2)))
            extras.append(self._line(catalogue.ONBOARDING, (start, until), 1, fee, "one_off"))
        elif rng.random() < served / 4:
            days = rng.randint(1, 4)
            extras.append(self._line(catalogue.TRAINING, (start, until), days, Decimal(950), "one_off"))
        if self.pays_overage:
            calls = rng.randint(40, 900)
            extras.append(self._line(catalogue.API_OVERAGE, (start, ends), calls, Decimal("0.40"), "usage"))
        return extras
