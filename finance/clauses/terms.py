"""Typed terms that stand beside the wording of a clause, and how far one asks beyond another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.core.exceptions import ValidationError

from finance.clauses.values import Amount, Days, Quantity
from tiers.entitlements.values import Choice, Minutes, Several, ValueType

Terms = Mapping[str, Any]
FEES_AT_MOST = Decimal(100)

# How what is asked compares with what is allowed: a limit that may not be exceeded, one that may not be undercut, a
# list from what costs us least to what costs us most, or a choice of which each must be allowed.
Reach = Literal["at_most", "at_least", "up_to", "among"]


@dataclass(frozen=True, kw_only=True)
class Term:
    """One value of a clause. ``entitlement`` names what it gives in the place of the tier, if anything."""

    key: str
    label: str
    value: ValueType
    reach: Reach
    entitlement: str = ""

    def problem(self, asked: Any, allowed: Any) -> str:
        """Return in words how ``asked`` goes beyond ``allowed``, nothing where it doesn't."""
        if asked == allowed or not _exceeds(self, asked, allowed):
            return ""
        words = {
            "at_most": "is more than the",
            "at_least": "is less than the",
            "up_to": "goes further than",
            "among": "goes further than",
        }[self.reach]
        return f"{self.label} of {self.value.words(asked)} {words} {self.value.words(allowed)}"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Which terms the clauses of a family have beside their wording."""

    key: str
    label: str
    terms: tuple[Term, ...] = ()

    def check(self, values: Terms) -> dict[str, Any]:
        """Return values as they are stored; blank ones are left out.

        Raises ValidationError by ``term`` or ``term__part`` with what to do instead.
        """
        problems: dict[str, list[str]] = {}
        stored: dict[str, Any] = {}
        known = {term.key: term for term in self.terms}
        for key in values.keys() - known.keys():
            problems[str(key)[:60]] = [f"“{self.label}” has no such term."]
        for key, term in known.items():
            value = values.get(key)
            if is_blank(value):
                continue
            try:
                stored[key] = term.value.check(value)
            except ValidationError as error:
                for part, told in error.message_dict.items():
                    problems[f"{key}__{part}" if part else key] = told
        if problems:
            raise ValidationError(problems)
        return stored

    def words(self, values: Terms) -> list[tuple[str, str]]:
        """Return each term that is said with its value in words."""
        return [(term.label, term.value.words(values[term.key])) for term in self.terms if term.key in values]

    def beyond(self, asked: Terms, allowed: Terms) -> Iterator[str]:
        """Yield in words what is asked further than it is allowed."""
        for term in self.terms:
            if term.key not in asked and term.key not in allowed:
                continue
            if term.key not in allowed:
                yield f"{term.label} of {term.value.words(asked[term.key])} isn’t part of it"
            elif term.key not in asked:
                yield f"{term.label} is left open instead of {term.value.words(allowed[term.key])}"
            elif told := term.problem(asked[term.key], allowed[term.key]):
                yield told


def is_blank(value: Any) -> bool:
    """Return whether a term is left open: no value, or one of parts that are all empty."""
    if isinstance(value, Mapping):
        return all(is_blank(part) for part in value.values())
    return value in (None, "") or value == []


def _exceeds(term: Term, asked: Any, allowed: Any) -> bool:
    if term.reach == "among":
        return not set(asked) <= set(allowed)
    if term.reach == "up_to":
        order = list(term.value.choices)  # type: ignore[attr-defined]
        return order.index(asked) > order.index(allowed)
    if isinstance(term.value, Amount):
        # Amounts of two currencies can't be told apart for good: tomorrow's rate may say otherwise.
        if asked["currency"] != allowed["currency"]:
            return True
        asked, allowed = asked["amount"], allowed["amount"]
    compare: Callable[[Decimal, Decimal], bool] = (
        Decimal.__gt__ if term.reach == "at_most" else Decimal.__lt__
    )
    return compare(Decimal(asked), Decimal(allowed))


SHAPES: dict[str, Shape] = {
    shape.key: shape
    for shape in (
        Shape(key="wording", label="Wording only"),
        Shape(
            key="data_protection",
            label="Data protection",
            terms=(
                Term(key="breach_notice", label="Notice of a breach", value=Minutes(), reach="at_least"),
                Term(
                    key="subprocessor_notice",
                    label="Notice of a new subprocessor",
                    value=Days(),
                    reach="at_most",
                ),
                Term(
                    key="data_location",
                    label="Where data may be",
                    value=Choice(
                        {"any": "any region", "region": "the customer’s region", "country": "one country"}
                    ),
                    reach="up_to",
                ),
            ),
        ),
        Shape(
            key="service_level",
            label="Service level",
            terms=(
                Term(
                    key="first_response",
                    label="First response",
                    value=Minutes(),
                    reach="at_least",
                    entitlement="first_response",
                ),
                Term(
                    key="uptime",
                    label="Availability",
                    value=Quantity("{}%", Decimal(100), "In per cent of a month, such as 99.9.", decimals=3),
                    reach="at_most",
                ),
                Term(
                    key="service_credit",
                    label="Service credit",
                    value=Quantity("{}% of the monthly fee", Decimal(100), "In per cent of the monthly fee."),
                    reach="at_most",
                ),
            ),
        ),
        Shape(
            key="indemnity",
            label="Indemnification",
            terms=(
                Term(
                    key="scope",
                    label="Scope",
                    value=Choice(
                        {
                            "ip": "third-party claims over intellectual property",
                            "ip_data": "intellectual property and data protection",
                            "broad": "any third-party claim",
                        }
                    ),
                    reach="up_to",
                ),
            ),
        ),
        Shape(
            key="payment",
            label="Payment",
            terms=(
                Term(
                    key="payment_days",
                    label="Days to pay",
                    value=Days(),
                    reach="at_most",
                    entitlement="payment_terms",
                ),
                Term(
                    key="payment_options",
                    label="Further ways to pay",
                    value=Several({"prepay": "prepay", "milestone": "milestone", "multi_year": "multi-year"}),
                    reach="among",
                    entitlement="payment_terms",
                ),
            ),
        ),
        Shape(
            key="liability",
            label="Liability",
            terms=(
                Term(
                    key="cap_fees",
                    label="Cap in yearly fees",
                    value=Quantity("{} × yearly fees", FEES_AT_MOST, "Such as 1.5 for one and a half years."),
                    reach="at_most",
                ),
                Term(key="cap_amount", label="Cap as an amount", value=Amount(), reach="at_most"),
            ),
        ),
        Shape(
            key="termination",
            label="Termination",
            terms=(
                Term(
                    key="termination_right",
                    label="The customer may end it",
                    value=Choice(
                        {"cause": "for cause only", "term_end": "at the end of a term", "any": "at any time"}
                    ),
                    reach="up_to",
                ),
                Term(key="termination_notice", label="Notice", value=Days(), reach="at_least"),
            ),
        ),
        Shape(
            key="changes",
            label="Changes during the term",
            terms=(
                Term(
                    key="contract_changes",
                    label="Changes",
                    value=Choice(
                        {"annual_renewal": "at the annual renewal", "mid_term": "mid-term, with approval"}
                    ),
                    reach="up_to",
                    entitlement="contract_changes",
                ),
            ),
        ),
        Shape(
            key="late_payment",
            label="Late payment",
            terms=(
                Term(
                    key="collections",
                    label="Reminders",
                    value=Choice(
                        {"automated": "automated dunning", "relationship": "by the account team first"}
                    ),
                    reach="up_to",
                    entitlement="collections",
                ),
            ),
        ),
    )
}
