"""The first version of each point model: what most companies would begin with."""

from __future__ import annotations

from typing import Any, NamedTuple

Rules = tuple[dict[str, Any], ...]


class FirstModel(NamedTuple):
    """Content of version 1 of a model."""

    kind: str
    half_life_days: int | None
    note: str
    rules: Rules


def _is(name: str, points: int, field: str, op: str, value: Any = None) -> dict[str, Any]:
    condition = {"field": field, "op": op} | ({} if value is None else {"value": value})
    return {"name": name, "points": points, "condition": condition}


def _happened(name: str, points: int, signal: str, at_most: int | None = None) -> dict[str, Any]:
    return {"name": name, "points": points, "signal": signal, "at_most": at_most}


FIT = FirstModel(
    kind="fit",
    half_life_days=None,
    note="Need and ability to pay, from the profile. Add the industries and countries that you sell to.",
    rules=(
        _is("50 employees or more", 25, "accounts.employees", "gte", 50),
        _is("250 employees or more", 25, "accounts.employees", "gte", 250),
        _is("1,000 employees or more", 20, "accounts.employees", "gte", 1000),
        _is("Has an executive sponsor", 15, "accounts.sponsor", "is_set"),
        _is("Works with the product", 15, "accounts.workspaces", "is_set"),
        _is("Fewer than 10 employees", -40, "accounts.employees", "lt", 10),
    ),
)
ENGAGEMENT = FirstModel(
    kind="engagement",
    half_life_days=30,
    note="How much they and we are in touch; what is a month old counts half.",
    rules=(
        _happened("Meeting", 20, "meeting", 60),
        _happened("Took part in an event", 15, "event", 30),
        _happened("Call from the customer", 10, "call.inbound", 30),
        _happened("E-mail from the customer", 8, "email.inbound", 30),
        _happened("Call from us", 3, "call.outbound", 10),
        _happened("E-mail from us", 1, "email.outbound", 5),
    ),
)
INTENT = FirstModel(
    kind="intent",
    half_life_days=14,
    note="Signs that they are about to buy; what is two weeks old counts half.",
    rules=(
        _happened("Visit that mentions prices", 30, "web.pricing", 60),
        _happened("Download from the website", 15, "web.download", 45),
        _happened("Visit to the website", 6, "web", 30),
        _happened("Call from the customer", 15, "call.inbound", 30),
        _happened("New business opportunity opened", 40, "opportunity.new", 40),
        _happened("Expansion opportunity opened", 30, "opportunity.expansion", 30),
    ),
)
FIRST_MODELS = (FIT, ENGAGEMENT, INTENT)
