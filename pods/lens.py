"""What the pods show of an account: its open signals, as chips and as a list of what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from accounts.lenses import Chip, Chips, Panel, register_chips, register_panel
from accounts.lenses.doubts import doubts_about
from accounts.lenses.memo import read_once
from accounts.models import Account
from common.export import Table, table_of
from people.access import Access
from people.models import Category
from pods import home as _home  # noqa: F401 - declares the home cards
from pods import red_accounts as _red  # noqa: F401 - declares a home card
from pods.checks import panels as _checks  # noqa: F401 - declares the panel of health checks
from pods.models import Severity, Signal
from pods.sentences import doubt_about, sentence_on
from pods.surveys import panels as _surveys  # noqa: F401 - declares the panel of surveys
from pods.tasks import panels as _tasks  # noqa: F401 - declares the panels of tasks
from pods.tones import ORDER, TONES

MOST_CHIPS = 8
MOST_SIGNALS = 12


def signals_on(account: Account, day: date) -> list[Signal]:
    """Return the signals open at the end of ``day``, risks first and then the newest; one query a page."""
    return read_once(account, ("pods.signals", day), lambda: _read_signals(account, day))


def _read_signals(account: Account, day: date) -> list[Signal]:
    found = Signal.objects.open_on(day).filter(account=account).order_by("-opened_on", "pk")
    return sorted(found[:MOST_SIGNALS], key=lambda signal: ORDER.get(Severity(signal.severity), len(ORDER)))


def signal_chips(account: Account, as_of: date) -> list[Chip]:
    """Return the open signals as chips, risks first."""
    doubts = doubts_about(account, as_of)
    return [
        Chip(
            text=sentence_on(as_of, trigger=signal.trigger, reason=signal.reason),
            tone=TONES.get(signal.severity, "neutral"),
            category=signal.category,
            title=f"{Severity(signal.severity).label} since {signal.opened_on:%-d %b %Y}",
            provisional=doubt_about(signal.trigger, doubts),
        )
        for signal in signals_on(account, as_of)[:MOST_CHIPS]
    ]


register_chips(Chips(key="pods.signals", query=signal_chips))


@register_panel
class Signals(Panel):
    """What wants attention now, and since when."""

    key = "pods.signals"
    title = "Signals"
    template = "pods/panels/signals.html"
    category = Category.ACCOUNT_PROFILE
    span = 12

    def load_for(self, account: Account, as_of: date, access: Access) -> dict[str, Any]:
        found = signals_on(account, as_of)
        doubts = doubts_about(account, as_of)
        closed = {signal.category for signal in found if not access.allows(signal.category)}
        return {
            "signals": [
                {
                    "reason": sentence_on(as_of, trigger=signal.trigger, reason=signal.reason),
                    "severity": Severity(signal.severity).label,
                    "tone": TONES.get(signal.severity, "neutral"),
                    "opened_on": signal.opened_on,
                    "provisional": doubt_about(signal.trigger, doubts),
                }
                for signal in found
                if signal.category not in closed
            ],
            "hidden": sum(signal.category in closed for signal in found),
            "reasons": [access.why_not(category) for category in sorted(closed)],
            "closed": [str(Category(category).label).lower() for category in sorted(closed)],
        }

    def table(self, data: Mapping[str, Any]) -> Table | None:
        """Return the signals shown."""
        if not data["signals"]:
            return None
        return table_of(
            "signals",
            data["signals"],
            [
                ("signal", "Signal", lambda row: row["reason"]),
                ("severity", "Severity", lambda row: row["severity"]),
                ("opened_on", "Since", lambda row: row["opened_on"]),
                ("provisional", "Provisional", lambda row: row["provisional"]),
            ],
        )
