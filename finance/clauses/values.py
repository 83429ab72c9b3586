"""Types of value that stand beside the wording of clauses, further to those of entitlements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from common.codes import currencies
from common.formatting import format_money, format_number
from tiers.entitlements.values import Fields, ValueType

LONGEST_DAYS = 3_650
LARGEST_AMOUNT = Decimal(10) ** 13


class Days(ValueType):
    """Whole days, up to ten years."""

    def check(self, value: Any) -> int:
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
            value = int(value.strip()[:9])
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LONGEST_DAYS:
            raise ValidationError({"": f"Choose from 0 to {LONGEST_DAYS:,} days."})
        return value

    def words(self, value: Any) -> str:
        return f"{value} {'day' if value == 1 else 'days'}"

    def fields(self) -> Fields:
        return {"": _text(help_text="In days, such as 45.", inputmode="numeric")}

    def shown(self, value: Any) -> Mapping[str, Any]:
        return {"": value}

    def typed(self, parts: Mapping[str, Any]) -> Any:
        return parts[""]


@dataclass(frozen=True)
class Quantity(ValueType):
    """A number with what it counts, such as ``2 × yearly fees`` or ``99.9%``; stored as exact text."""

    template: str
    most: Decimal
    help: str
    decimals: int = 2

    def check(self, value: Any) -> str:
        number = _number(value)
        if number is None or not 0 <= number <= self.most or number != round(number, self.decimals):
            most = format_number(self.most)
            raise ValidationError(
                {"": f"Choose from 0 to {most}, with at most {self.decimals} decimals. {self.help}"}
            )
        return _plain(number)

    def words(self, value: Any) -> str:
        number = Decimal(value)
        exponent = number.normalize().as_tuple().exponent
        decimals = max(0, -exponent) if isinstance(exponent, int) else 0
        return self.template.format(format_number(number, decimals=decimals))

    def fields(self) -> Fields:
        return {"": _text(help_text=self.help, inputmode="decimal")}

    def shown(self, value: Any) -> Mapping[str, Any]:
        return {"": value}

    def typed(self, parts: Mapping[str, Any]) -> Any:
        return parts[""]


class Amount(ValueType):
    """Money: stored as ``{"amount": "250000", "currency": "EUR"}``."""

    def check(self, value: Any) -> dict[str, str]:
        if not isinstance(value, Mapping) or set(value) != {"amount", "currency"}:
            raise ValidationError({"amount": "Money is an amount and a currency."})
        problems: dict[str, str] = {}
        number = _number(value["amount"])
        if number is None or not 0 <= number < LARGEST_AMOUNT or number != round(number, 2):
            problems["amount"] = "Write an amount such as 250000, with at most two decimals."
        currency = str(value["currency"]).strip().upper()
        if currency not in currencies():
            problems["currency"] = "Write a currency by its three letters, such as EUR."
        if problems or number is None:
            raise ValidationError(problems)
        return {"amount": _plain(number), "currency": currency}

    def words(self, value: Any) -> str:
        number = Decimal(value["amount"])
        return format_money(number, value["currency"], decimals=0 if number == int(number) else 2)

    def fields(self) -> Fields:
        return {
            "amount": _text(label="Amount", help_text="Such as 250000.", inputmode="decimal"),
            "currency": _text(label="Currency", help_text="Such as EUR.", maxlength="3"),
        }

    def shown(self, value: Any) -> Mapping[str, Any]:
        return dict(value)

    def typed(self, parts: Mapping[str, Any]) -> Any:
        return dict(parts)


def _text(*, label: str = "", help_text: str = "", **attrs: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **attrs})
    return forms.CharField(label=label, max_length=40, help_text=help_text, widget=widget)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value).replace(",", "").strip()[:40])
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}" if number else "0"
