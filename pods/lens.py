"""What the pods show of an account: its open signals, as chips and as a list of what to do."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from django.db.models import Q, QuerySet

from accounts.lenses import Chip, Chips, Panel, register_chips, register_panel
from accounts.models import Account
from people.access import Access
from people.models import Category
from pods import home as _home  # noqa: F401 - declares the home cards
from pods.models import Severity, Signal

Tone = Literal["red", "amber", "green", "accent", "neutral"]
TONES: dict[str, Tone] = {Severity.RISK: "red", Severity.DUE: "amber", Severity.OPPORTUNITY: "green"}
ORDER = {Severity.RISK: 0, Severity.DUE: 1, Severity.OPPORTUNITY: 2}
MOST_CHIPS = 8
MOST_SIGNALS = 12


def signals_on(account: Account, day: date) -> QuerySet[Signal]:
    """Return the signals open at the end of ``day``, newest first."""
    return Signal.objects.filter(
        Q(closed_on=None) | Q(closed_on__gt=day), account=account, opened_on__lte=day
    ).order_by("-opened_on", "pk")


def signal_chips(account: Account, as_of: date) -> list[Chip]:
    """Return the open signals as chips, risks first."""
    found = sorted(
        signals_on(account, as_of)[:MOST_CHIPS], key=lambda signal: ORDER.get(Severity(signal.severity), 9)
    )
    return [
        Chip(
            text=signal.reason,
            tone=TONES.get(signal.severity, "neutral"),
            category=signal.category,
            title=f"{Severity(signal.severity).label} since {signal.opened_on:%-d %b %Y}",
        )
        for signal in found
    ]


register_chips(Chips(key="pods.signals", query=signal_chips))


@register_panel
class Signals(Panel):
    """What wants attention now, and since when."""

    key = "pods.signals"
    title = "Signals"
    template = "pods/panels/signals.html"
    category = Category.ACCOUNT_PROFILE
    span = 6

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        found = sorted(
            signals_on(account, as_of)[:MOST_SIGNALS],
            key=lambda signal: ORDER.get(Severity(signal.severity), 9),
        )
        closed = {signal.category for signal in found if not access.allows(signal.category)}
        return {
            "signals": [
                {
                    "reason": signal.reason,
                    "severity": Severity(signal.severity).label,
                    "tone": TONES.get(signal.severity, "neutral"),
                    "opened_on": signal.opened_on,
                }
                for signal in found
                if signal.category not in closed
            ],
            "hidden": sum(signal.category in closed for signal in found),
            "reasons": [access.why_not(category) for category in sorted(closed)],
        }
