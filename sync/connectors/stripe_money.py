"""Subscriptions in our terms: amounts in whole units of a currency, periods, discounts, trials, days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

# https://docs.stripe.com/currencies: amounts are in the smallest unit. ISK and UGX have none, yet are sent with two
# decimals for the sake of older programs, so they aren't in this list.
NO_DECIMALS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
THREE_DECIMALS = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))

KEPT = Decimal("0.0001")
ONE = Decimal(1)
HUNDRED = Decimal(100)
PERIODS = {
    ("day", 1): "day",
    ("week", 1): "week",
    ("month", 1): "month",
    ("month", 3): "quarter",
    ("month", 6): "half_year",
    ("month", 12): "year",
    ("year", 1): "year",
}
MONTHS = {"month": 1, "year": 12}
TRIAL = "-trial"
# A subscription that was never paid for is none.
NEVER_BEGAN = ("incomplete", "incomplete_expired")


@dataclass(frozen=True, slots=True)
class Line:
    """One position of a subscription for one stretch of days."""

    external_id: str
    values: dict[str, Any]


def in_units(amount: Decimal, currency: str) -> Decimal:
    """Return an amount of the smallest unit in whole units of ``currency``."""
    code = currency.upper()
    places = 0 if code in NO_DECIMALS else 3 if code in THREE_DECIMALS else 2
    return amount.scaleb(-places)


def day_of(seconds: int | None) -> date | None:
    """Return the UTC day of a Unix time."""
    return datetime.fromtimestamp(seconds, UTC).date() if seconds is not None else None


def contract_values(subscription: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a contract needs of a subscription."""
    start_on, end_on = span_of(subscription)
    items = _items(subscription)
    recurring = [price for item in items if (price := item["price"]).get("recurring")]
    months = {
        MONTHS[price["recurring"]["interval"]] * price["recurring"].get("interval_count", 1)
        for price in recurring
        if price["recurring"]["interval"] in MONTHS
    }
    return {
        **{
            key: subscription.get(key)
            for key in ("id", "status", "days_until_due", "collection_method", "description")
        },
        **metadata_of(subscription),
        "customer": _id(subscription["customer"]),
        "currency": str(subscription["currency"]).upper(),
        "start_on": start_on,
        "end_on": end_on,
        "is_renewing": end_on is None and not subscription.get("cancel_at_period_end"),
        "renewal_months": max(months) if months else None,
    }


def metadata_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata under names of their own."""
    return {f"metadata.{key}": value for key, value in (record.get("metadata") or {}).items()}


def span_of(subscription: Mapping[str, Any]) -> tuple[date, date | None]:
    """Return first day and day after the last: cancelled ones end when they did, or when they are going to.

    One that ended on the day it began counts as a day, since a contract has at least one.
    """
    start_on = day_of(subscription.get("start_date") or subscription["created"])
    assert start_on is not None
    end_on = day_of(subscription.get("ended_at") or subscription.get("cancel_at"))
    if end_on is not None and end_on <= start_on:
        end_on = start_on + timedelta(days=1)
    return start_on, end_on


def lines_of(subscription: Mapping[str, Any], products: Mapping[str, str], at: datetime) -> list[Line]:
    """Return the lines of a subscription as it stood at ``at``.

    Each price and quantity of an item is a line of its own. An item on trial has a line for the trial, which
    counts as no revenue, and one from its end on. ``products`` names the products.
    """
    currency = str(subscription["currency"])
    start_on, end_on = span_of(subscription)
    trial_end = day_of(subscription.get("trial_end"))
    items = _items(subscription)
    amounts = {item["id"]: _amount(item, currency) for item in items}
    discounts = _discounts(subscription.get("discounts"), at)
    lines: list[Line] = []
    for item in items:
        price = item["price"]
        own = [*discounts, *_discounts(item.get("discounts"), at)]
        percent = _percent(own, sum(amounts.values(), Decimal(0)), currency)
        period, amount = _period(price.get("recurring"), amounts[item["id"]])
        quantity = Decimal(item.get("quantity") or 1)
        first = max(start_on, day_of(item.get("created")) or start_on)
        product = _id(price["product"])
        values = {
            **metadata_of(item),
            "subscription": subscription["id"],
            "product": products.get(product) or price.get("nickname") or product,
            "price": price["id"],
            "currency": currency.upper(),
            "amount": amount,
            "billing_period": period,
            "quantity": quantity,
            "discount_percent": percent,
            "is_trial": False,
            "start_on": first,
            "end_on": end_on,
        }
        if trial_end is not None and trial_end > first:
            over_on = min(trial_end, end_on) if end_on else trial_end
            lines.append(Line(f"{item['id']}{TRIAL}", {**values, "is_trial": True, "end_on": over_on}))
            values["start_on"] = trial_end
        if end_on is None or values["start_on"] < end_on:
            lines.append(Line(_version(item["id"], price["id"], quantity, percent), values))
    return lines


def _items(subscription: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    items: Sequence[dict[str, Any]] = subscription["items"]["data"]
    return items


def _version(item: str, price: str, quantity: Decimal, percent: Decimal) -> str:
    off = f"-{percent.normalize():f}" if percent else ""
    return f"{item}:{price}x{quantity.normalize():f}{off}"


def _id(value: Any) -> str:
    """Return the id of a field that is expanded or isn't."""
    return str(value["id"]) if isinstance(value, Mapping) else str(value)


def _amount(item: Mapping[str, Any], currency: str) -> Decimal:
    """Return what one billing period costs for the whole quantity; for metered prices, what one unit does."""
    price = item["price"]
    quantity = Decimal(item.get("quantity") or 1)
    if (price.get("recurring") or {}).get("usage_type") == "metered":
        quantity = ONE
    if packed := price.get("transform_quantity"):
        rounding = ROUND_CEILING if packed.get("round") == "up" else ROUND_DOWN
        quantity = (quantity / Decimal(packed["divide_by"])).to_integral_value(rounding)
    if price.get("billing_scheme") == "tiered":
        total = _tiered(price.get("tiers") or [], price.get("tiers_mode"), quantity)
    else:
        total = _unit(price) * quantity
    return in_units(total, currency)


def _unit(price: Mapping[str, Any], prefix: str = "unit") -> Decimal:
    exact, whole = price.get(f"{prefix}_amount_decimal"), price.get(f"{prefix}_amount")
    return Decimal(str(exact if exact is not None else whole if whole is not None else 0))


def _tiered(tiers: Sequence[Mapping[str, Any]], mode: str | None, quantity: Decimal) -> Decimal:
    total, reached = Decimal(0), Decimal(0)
    for tier in tiers:
        up_to = Decimal(tier["up_to"]) if tier.get("up_to") is not None else None
        is_last = up_to is None or quantity <= up_to
        if mode == "volume":
            if is_last:
                return _unit(tier) * quantity + _unit(tier, "flat")
            continue
        units = (quantity if up_to is None else min(quantity, up_to)) - reached
        total += _unit(tier) * units + _unit(tier, "flat")
        if is_last or up_to is None:
            break
        reached = up_to
    return total


def _period(recurring: Mapping[str, Any] | None, amount: Decimal) -> tuple[str, Decimal]:
    """Return billing period and amount; a period we have no word for is broken down to its unit."""
    if not recurring:
        return "one_off", _kept(amount)
    if recurring.get("usage_type") == "metered":
        return "usage", _kept(amount)
    interval, count = recurring["interval"], int(recurring.get("interval_count") or 1)
    if (known := PERIODS.get((interval, count))) is not None:
        return known, _kept(amount)
    return PERIODS[interval, 1], _kept(amount / count)


def _kept(amount: Decimal) -> Decimal:
    return amount.quantize(KEPT, ROUND_HALF_UP)


def _discounts(discounts: Any, at: datetime) -> list[Mapping[str, Any]]:
    """Return the coupons of discounts that go on: “once” is no recurring discount, an ended one is none."""
    coupons = []
    for discount in discounts or []:
        if not isinstance(discount, Mapping):
            continue
        coupon = discount.get("coupon") or (discount.get("source") or {}).get("coupon")
        if not isinstance(coupon, Mapping) or coupon.get("duration") == "once":
            continue
        if (end := discount.get("end")) is not None and end <= at.timestamp():
            continue
        coupons.append(coupon)
    return coupons


def _percent(coupons: Sequence[Mapping[str, Any]], total: Decimal, currency: str) -> Decimal:
    """Return all discounts as one percentage; a fixed amount is a share of what the subscription costs."""
    left = ONE
    for coupon in coupons:
        if coupon.get("percent_off"):
            left *= ONE - Decimal(str(coupon["percent_off"])) / HUNDRED
        elif coupon.get("amount_off") and total:
            left -= in_units(Decimal(coupon["amount_off"]), currency) / total
    left = min(max(left, Decimal(0)), ONE)
    return ((ONE - left) * HUNDRED).quantize(KEPT, ROUND_HALF_UP)
