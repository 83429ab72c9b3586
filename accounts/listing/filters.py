"""The filters of the account list: each knows its parameter, its category, its meaning and its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, Literal

from accounts.conditions.custom import CUSTOM, LONGEST_NAME, find_field
from accounts.conditions.operators import OPERATORS
from accounts.conditions.parts import typed
from accounts.conditions.registry import condition_fields
from accounts.lenses.figures import reporting_currency
from accounts.models import HealthBand, Lifecycle, Tier
from common.formatting import format_money, format_number
from people.models import Category, Level, User

LARGEST_AMOUNT = Decimal("1e15")
MOST_DAYS = 3660
MOST_POINTS = 100


def _as_written(text: str, user: User) -> str:
    return text


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One value a filter offers."""

    value: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A filter by one URL parameter.

    ``parse`` turns the parameter's text into a value or raises ValueError with what to do; ``asks`` is the
    condition that it stands for, as JSON data, or None where it picks accounts by their id. A repeated parameter of
    ``many`` widens it. What is offered of a reader's own (``is_own``) only the list knows: views, and private lists.
    """

    key: str
    label: str
    asks: Callable[[Any], dict[str, Any]] | None
    parse: Callable[[str, User], Any] = _as_written
    words: Callable[[Any], str] = str
    category: str | None = Category.ACCOUNT_PROFILE
    level: str = Level.FULL
    many: bool = False
    control: Literal["choices", "select", "text", "number", "hidden"] = "text"
    choices: Callable[[], Sequence[Choice]] = lambda: ()
    is_own: bool = False
    hint: str = ""
    unit: str = ""


def _text(text: str, user: User) -> str:
    if len(text) > 255:
        raise ValueError("use at most 255 letters")
    return text


def _amount(text: str, user: User) -> Decimal:
    try:
        amount = Decimal(text.replace(",", "").replace("_", ""))
    except InvalidOperation:
        raise ValueError("write an amount such as 250000") from None
    if not amount.is_finite() or not 0 <= amount <= LARGEST_AMOUNT:
        raise ValueError("write an amount between 0 and 1,000,000,000,000,000")
    return amount


def _days(text: str, user: User) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 5 or not 0 < int(text) <= MOST_DAYS:
        raise ValueError(f"write a number of days from 1 to {MOST_DAYS}")
    return int(text)


def _score(text: str, user: User) -> Decimal:
    score = _amount(text, user)
    if score > MOST_POINTS:
        raise ValueError("write a score from 0 to 100")
    return score


def _id(text: str, user: User) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise ValueError("use the number of an account")
    return int(text)


def _owner(text: str, user: User) -> str:
    return user.email if text == "mine" else _text(text, user).lower()


def tier_choices() -> list[Choice]:
    """Return the tier vocabulary, highest first, and the accounts without one."""
    words = [Choice(value=slug, label=label) for slug, label in Tier.objects.values_list("slug", "label")]
    return [*words, Choice(value="none", label="No tier")]


BANDS = [Choice(value=value, label=str(label)) for value, label in HealthBand.choices]
LIFECYCLES = [Choice(value=value, label=str(label)) for value, label in Lifecycle.choices]


def _money(amount: Decimal) -> str:
    return format_money(amount, reporting_currency())


def _declared(key: str) -> list[Choice]:
    """Return the choices of a field of conditions that another app declares."""
    return [Choice(value=one.value, label=one.label) for one in condition_fields[key].choices()]


def ask(key: str, op: str, value: Any = None) -> dict[str, Any]:
    """Return one comparison as data."""
    return {"field": key, "op": op} if value is None else {"field": key, "op": op, "value": value}


def _at_least(key: str, value: Any) -> dict[str, Any]:
    return ask(key, "gte", value)


FILTERS: dict[str, Filter] = {
    item.key: item
    for item in (
        Filter(
            key="tier",
            label="Tier",
            asks=lambda v: ask("accounts.tier", "is_empty") if v == "none" else ask("accounts.tier", "eq", v),
            many=True,
            control="choices",
            choices=tier_choices,
        ),
        Filter(
            key="health",
            label="Health",
            asks=lambda v: ask("metrics.health_band", "eq", v),
            many=True,
            control="choices",
            choices=lambda: BANDS,
        ),
        Filter(
            key="sentiment",
            label="Sentiment",
            asks=lambda v: ask("metrics.sentiment", "eq", v),
            many=True,
            control="choices",
            choices=lambda: _declared("metrics.sentiment"),
        ),
        Filter(
            key="disagreement",
            label="Disagreement",
            asks=lambda v: ask("metrics.disagreements", "eq", v),
            many=True,
            control="choices",
            choices=lambda: _declared("metrics.disagreements"),
        ),
        Filter(
            key="lifecycle",
            label="Lifecycle",
            asks=lambda v: ask("accounts.lifecycle", "eq", v),
            many=True,
            control="choices",
            choices=lambda: LIFECYCLES,
        ),
        Filter(
            key="owner",
            label="Owner",
            parse=_owner,
            asks=lambda v: {"any": [ask("accounts.owner", "eq", v), ask("accounts.sponsor", "eq", v)]},
            category=Category.ACCOUNT_TEAM,
            hint="An e-mail address, or mine. Finds sponsors too.",
        ),
        Filter(
            key="industry",
            label="Industry",
            parse=_text,
            asks=lambda v: ask("accounts.industry", "eq", v),
            many=True,
        ),
        Filter(
            key="country",
            label="Country",
            parse=lambda text, user: _text(text, user).upper(),
            asks=lambda v: ask("accounts.country", "eq", v),
            many=True,
            hint="Two letters, such as DE.",
        ),
        Filter(
            key="arr_min",
            label="ARR from",
            parse=_amount,
            asks=lambda v: ask("finance.arr", "gte", v),
            words=_money,
            category=Category.REVENUE,
            level=Level.TOTALS,
            control="number",
        ),
        Filter(
            key="arr_max",
            label="ARR up to",
            parse=_amount,
            asks=lambda v: ask("finance.arr", "lte", v),
            words=_money,
            category=Category.REVENUE,
            level=Level.TOTALS,
            control="number",
        ),
        Filter(
            key="renewal_days",
            label="Renewal within",
            parse=_days,
            asks=lambda v: ask("finance.renewal_on", "within_next_days", v),
            words=lambda days: f"{days} days",
            category=Category.CONTRACTS,
            level=Level.TOTALS,
            control="number",
            unit="days",
        ),
        *(
            Filter(
                key=f"{name}_min",
                label=f"{label} from",
                parse=_score,
                asks=partial(_at_least, f"engagement.{name}_score"),
                words=format_number,
                category=category,
                control="number",
                hint="A score from 0 to 100.",
            )
            for name, label, category in (
                ("fit", "Fit", Category.ACCOUNT_PROFILE),
                ("engagement", "Engagement", Category.ENGAGEMENT),
                ("intent", "Intent", Category.ENGAGEMENT),
            )
        ),
        Filter(key="list", label="Target list", asks=None, many=True, control="choices", is_own=True),
        # What a view means takes who asks, so the list reads it.
        Filter(key="in_view", label="In view", asks=None, control="select", is_own=True),
        Filter(
            key="id",
            label="Selected",
            parse=_id,
            asks=None,
            category=None,
            many=True,
            control="hidden",
        ),
    )
}


def custom_filter(name: str) -> Filter:
    """Return the filter by an own field; a number or yes and no are found by their text too."""
    key = f"{CUSTOM}{name}"
    return Filter(
        key=key, label=name.replace("_", " ").capitalize(), parse=_text, asks=lambda v: ask_own(key, v)
    )


def ask_own(key: str, text: str) -> dict[str, Any]:
    """Return the comparison of an own field with a text of an address, whatever types its values have."""
    field = find_field(key)
    if field is None or field.kind == "text":
        return ask(key, "eq", text)
    value = typed(field, OPERATORS[field.kind]["eq"], [text], "")
    return ask(key, "eq", text if value is None else value)


def filter_named(key: str) -> Filter | None:
    """Return the filter of a URL parameter, None where there is none."""
    name = key.removeprefix(CUSTOM)
    if key.startswith(CUSTOM) and name and len(name) <= LONGEST_NAME:
        return custom_filter(name)
    return FILTERS.get(key)
