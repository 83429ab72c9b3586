"""The rules that a first draft begins with: revenue and size, with a tenth between entering and staying."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tiers.content import EVERYONE, Content, Rule

EASE = Decimal("0.9")


def default_content() -> Content:
    """Return the default rules over ARR (in the reporting currency) and employees."""
    return Content(
        note="The default rules: revenue and size of company.",
        rules=(
            Rule(name="Largest revenue", tier="strategic", condition=at_least("finance.arr", 250_000)),
            Rule(
                name="Large revenue or company",
                tier="enterprise",
                condition={
                    "any": [
                        at_least("finance.arr", 75_000),
                        {"all": [at_least("finance.arr", 20_000), at_least("accounts.employees", 2_500)]},
                    ]
                },
            ),
            Rule(name="Growing revenue", tier="growth", condition=at_least("finance.arr", 20_000)),
            Rule(name="Everyone else", tier="standard", condition=EVERYONE),
        ),
    )


def at_least(field: str, value: int) -> dict[str, Any]:
    """Return the comparison that is entered at ``value`` and kept down to nine tenths of it."""
    return {"field": field, "op": "gte", "value": value, "stay": int(value * EASE)}
