"""How a backtest's findings are said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common.formatting import format_count, format_number, format_percent
from metrics.backtest.judging import FEWEST_ACCOUNTS, TIER, USAGE

OUTCOME_LABELS = {"churn": "Churn", "contraction": "Contraction or churn"}
OUTCOME_WORDS = {
    "churn": "an account pays nothing any more",
    "contraction": "an account pays at least 5% less, down to nothing",
}
HAPPENED = {"churn": "left", "contraction": "paid less or left"}
AHEAD_OF = {"churn": "a churn", "contraction": "a contraction or churn"}
SIDES = {
    "model": "This version",
    TIER: "Tier only",
    USAGE: "Last month’s usage only",
    "suggested": "Suggested weights",
}


def area(value: float | None) -> str:
    """Return an AUC as people read it."""
    return "–" if value is None else format_number(value, 2)


def interval(told: Mapping[str, Any]) -> str:
    """Return an AUC with its interval."""
    return f"{area(told['auc'])} ({area(told['low'])} to {area(told['high'])})"


def verdict(compared: Mapping[str, Any]) -> str:
    """Say what came of the comparison with the baselines, and how sure that is."""
    if not compared["is_enough"]:
        return too_few(compared)
    lead, better = compared["ahead"], compared["better"]
    sides = f"{area(compared['model']['auc'])} against {area(compared[better]['auc'])}"
    if lead["low"] > 0:
        return f"It beats tier and usage: {sides}"
    if lead["high"] < 0:
        return f"It does worse than {SIDES[better].lower()}: {sides}"
    return f"It can’t be told from {SIDES[better].lower()}: {sides}"


def too_few(compared: Mapping[str, Any]) -> str:
    """Say that there is too little to judge by."""
    lost = format_count(compared["lost"], "account was", "accounts were")
    return f"Not enough outcomes: {lost} lost, and it takes {FEWEST_ACCOUNTS} to say anything"


def share(part: float, whole: float) -> str:
    """Return a share in whole per cent."""
    return format_percent(part / whole, 0) if whole else "–"
