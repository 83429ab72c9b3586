"""What the refresh does for signals beside following the declared triggers."""

from __future__ import annotations

from datetime import date

from metrics.registry import EVERYTHING, rollup
from pods.playbooks import triggers
from pods.services import close_undeclared_signals


@rollup("pods.undeclared_signals", label="Signals of triggers that are gone", after=(EVERYTHING,))
def undeclared_signals(as_of: date, first: int, last: int) -> int:
    """Close what nobody follows any more."""
    declared = [trigger.key for trigger in triggers]
    return close_undeclared_signals(declared=declared, as_of=as_of, first=first, last=last)
