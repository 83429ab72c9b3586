"""What follows from what the rules say: who moves, who waits and why; nothing is written here.

Preview and assignment share these statements, so that what was previewed is what happens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from metrics.statements import Statement, load
from tiers.models import RuleSet

# The last account id there can be: a slice without an end.
LAST_ID = 2**63 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """How moves are made: their cause, and whether those down (or back up) have to wait.

    ``reason`` and ``by_id`` are those of a move by hand.
    """

    cause: str
    rule_set_id: int | None = None
    version: int | None = None
    has_waits: bool = False
    dwell_days: int = 0
    grace_days: int = 0
    needs_approval: bool = False
    reason: str = ""
    by_id: int | None = None


# The CRM's word counts at once.
BY_CRM = Terms(cause="import")


def terms_of(rule_set: RuleSet) -> Terms:
    """Return the terms of a version."""
    return Terms(
        cause="rule",
        rule_set_id=rule_set.pk,
        version=rule_set.version,
        has_waits=True,
        dwell_days=rule_set.minimum_dwell_days,
        grace_days=rule_set.demotion_grace_days,
        needs_approval=rule_set.demotions_need_approval,
    )


def crm_verdicts(first: int, last: int) -> Statement:
    """Return what the CRM says: ``(account_id, tier_id, rule_id, score)``."""
    return load("tiers", "crm_verdicts", first=first, last=last)


def unsettled(verdicts: Statement, *, on: date, is_past: bool = False) -> Statement:
    """Return the verdicts of ``tiers.evaluation`` from which something could follow on the day ``on``.

    Left out is who is where the rules put it with nothing that holds it or waits, and whose standing says so: in an
    ordinary night nearly everyone. ``is_past`` as in ``decisions``.
    """
    return load("tiers", "unsettled", verdicts=verdicts, pending=_pending(is_past=is_past), on=on)


def _pending(*, is_past: bool) -> Statement:
    return load("tiers", "pending_none" if is_past else "pending_known")


def decisions(
    verdicts: Statement,
    terms: Terms,
    *,
    on: date,
    first: int = 0,
    last: int = LAST_ID,
    is_past: bool = False,
) -> Statement:
    """Return what happens to each judged account on the day ``on``.

    ``verdicts`` gives ``(account_id, tier_id, rule_id, score)``, one row an account. Rows tell ``action`` (move,
    close, wait or keep), the tier held and the one wanted, ``cause``, and for a wait ``since``, ``until`` and
    ``why``. Accounts whose tenure begins or ends after ``on`` are left out.

    Overrides beat the verdict. A move down waits for the grace days through which the rules must ask for it, and
    for the dwell days since the last move; a move up waits for the dwell days only after a move down. When an
    override ends, the account goes where the rules put it at once. ``is_past`` asks what would have happened on
    ``on`` with the tenures of that day; what waited then isn't known.
    """
    parts: dict[str, Any] = {
        "verdicts": verdicts,
        "tenures": load("tiers", "tenures_then", on=on) if is_past else load("tiers", "tenures_known"),
        "pending": _pending(is_past=is_past),
        "cause": terms.cause,
        "waits": terms.has_waits,
        "dwell": terms.dwell_days,
        "grace": terms.grace_days,
        "needs_approval": terms.needs_approval,
        "on": on,
        "first": first,
        "last": last,
    }
    return load("tiers", "decisions", **parts)
