"""Monthly revenue as series in the reporting currency, and the movements between months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import Case, DecimalField, ExpressionWrapper, F, Sum, Value, When

from accounts.models import Account
from common.periods import months_until
from finance.models import BillingPeriod, ContractLine, ExchangeRate, MonthlyRevenue

CENT = Decimal("0.01")
ZERO = Decimal(0)
KEPT_MONTHS = 121  # what came before the shown year tells new revenue from returned revenue
# How often a billing period comes in a year, as DOMAIN.md counts; None brings no recurring revenue.
PER_YEAR: dict[str, Decimal | None] = {
    BillingPeriod.DAY: Decimal("365.25"),
    BillingPeriod.WEEK: Decimal(52),
    BillingPeriod.MONTH: Decimal(12),
    BillingPeriod.QUARTER: Decimal(4),
    BillingPeriod.HALF_YEAR: Decimal(2),
    BillingPeriod.YEAR: Decimal(1),
    BillingPeriod.ONE_OFF: None,
    BillingPeriod.USAGE: None,
}


@dataclass(frozen=True, kw_only=True)
class MonthlySeries:
    """ARR by month in the reporting currency; ``note`` says what could not be converted."""

    months: Sequence[date]
    values: Sequence[Decimal]
    note: str


@dataclass(frozen=True, kw_only=True)
class Movements:
    """What led from one ARR to another; end = start + new + expansion + reactivation − contraction − churn."""

    start: Decimal
    new: Decimal
    expansion: Decimal
    reactivation: Decimal
    contraction: Decimal
    churn: Decimal
    end: Decimal


def rates_on(day: date) -> dict[str, Decimal]:
    """Return what one unit of each currency is worth on ``day``; a currency without a rate is missing."""
    newest = ExchangeRate.objects.filter(on__lte=day, deleted_at=None).order_by("currency", "-on", "-pk")
    rates = dict(newest.distinct("currency").values_list("currency", "rate"))
    return rates | {str(settings.REPORTING_CURRENCY): Decimal(1)}


def account_months(account: Account, as_of: date) -> MonthlySeries:
    """Return an account's ARR by month, ten years up to that of ``as_of``, all at the rates of ``as_of``.

    Two queries the first time; the panels of one page share them through the account they are given.
    """
    held: dict[date, MonthlySeries] = vars(account).setdefault("_finance_months", {})
    if as_of not in held:
        held[as_of] = _read_months(account.pk, as_of)
    return held[as_of]


def _read_months(account_id: int, as_of: date) -> MonthlySeries:
    months = months_until(as_of, KEPT_MONTHS)
    rows = MonthlyRevenue.objects.filter(account_id=account_id, month__range=(months[0], months[-1]))
    rates = rates_on(as_of)
    sums = dict.fromkeys(months, ZERO)
    missing: set[str] = set()
    for month, currency, arr in rows.values_list("month", "currency", "arr"):
        rate = rates.get(currency)
        if rate is None:
            missing.add(currency)
        else:
            sums[month] += arr * rate
    note = f"Without amounts in {', '.join(sorted(missing))}: no exchange rate." if missing else ""
    return MonthlySeries(months=months, values=[sums[month].quantize(CENT) for month in months], note=note)


def movements_of(values: Sequence[Decimal], months: int) -> Movements:
    """Sum the monthly movements of one account over the last ``months`` of ``values``, oldest value first.

    What stands before them only tells new revenue from returned revenue.
    """
    span = values[-months - 1 :]
    had_revenue = any(values[: -months or None])
    sums = dict.fromkeys(("new", "expansion", "reactivation", "contraction", "churn"), ZERO)
    for before, after in zip(span, span[1:], strict=False):
        kind = _kind_of(before, after, had_revenue)
        if kind:
            sums[kind] += abs(after - before)
        had_revenue = had_revenue or bool(after)
    return Movements(start=span[0], end=span[-1], **sums)


def _kind_of(before: Decimal, after: Decimal, had_revenue: bool) -> str:
    if after == before:
        return ""
    if not before:
        return "reactivation" if had_revenue else "new"
    if not after:
        return "churn"
    return "expansion" if after > before else "contraction"


def monthly_amount(line: ContractLine) -> Decimal | None:
    """Return the MRR of a line in its contract's currency, unrounded; None where it brings none."""
    per_year = PER_YEAR.get(line.billing_period)
    if per_year is None or line.is_trial:
        return None
    return line.amount * per_year / 12 * (1 - line.discount_percent / 100)


def in_reporting_currency(amount: str, currency: str, rates: Mapping[str, Decimal]) -> Sum:
    """Return the sum of a column times its currency's rate; amounts without a rate are left out."""
    money = DecimalField(max_digits=30, decimal_places=8)
    rate = Case(
        *(When(**{currency: code}, then=Value(value, output_field=money)) for code, value in rates.items()),
        default=None,
        output_field=money,
    )
    return Sum(ExpressionWrapper(F(amount) * rate, output_field=money))
