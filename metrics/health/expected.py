"""Conditions of disagreements in few words."""

from __future__ import annotations

from typing import Any

BAND = "metrics.health_band"


def band(name: str, *others: dict[str, Any]) -> dict[str, Any]:
    """Return the condition that the score is of a band while the others hold."""
    return {"all": [{"field": BAND, "op": "eq", "value": name}, *others]}


def one_of(field: str, *values: str) -> dict[str, Any]:
    """Return the condition that a choice is one of several."""
    return {"field": field, "op": "in", "value": list(values)}


def at_least(field: str, value: float) -> dict[str, Any]:
    """Return the condition that a number is as high."""
    return {"field": field, "op": "gte", "value": value}


def at_most(field: str, value: float) -> dict[str, Any]:
    """Return the condition that a number is as low."""
    return {"field": field, "op": "lte", "value": value}
