"""The words of a message: placeholders that are filled in, and what is wrong with the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter

PLACEHOLDERS = {
    "account": "the customer's name",
    "recipient": "the name of whom it goes to",
    "amount": "what we ask for, with its currency",
    "currency": "the currency",
    "invoices": "the overdue invoices, one a line: number, due date, open amount",
    "invoice_count": "how many they are",
    "oldest_due": "when the oldest of them was due",
    "days_overdue": "how many days the oldest is overdue",
    "attempt": "how often this stage asks, counting this one",
    "company": "our company's name",
}
NAME = re.compile(r"\{([a-z_]+)\}|\{\{|\}\}")


def problems_of(text: str) -> str:
    """Return a sentence about what can't be filled in, empty where everything can."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return "A brace stands alone. Write a placeholder as {amount}, and a brace itself as {{ or }}."
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if name not in PLACEHOLDERS or form or conversion:
            written = (
                "{" + name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "") + "}"
            )
            known = ", ".join("{" + each + "}" for each in PLACEHOLDERS)
            return f"{written[:60]} isn't a placeholder. Use one of {known}."
    return ""


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return ``text`` with its placeholders filled; a value is never read for placeholders itself."""

    def one(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        return values.get(match[1], match[0])

    return NAME.sub(one, text)


def one_line(text: str, longest: int = 200) -> str:
    """Return text as a header of a mail may hold it."""
    return " ".join(text.split())[:longest]
