"""Each line of a ledger in words: what happened to a clock, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from common.formatting import format_date
from support.clocks.changes import CALENDAR, PRIORITY, PROMISE
from support.clocks.replay import CHANGE, OPENED, Happening
from support.models import ClockEntry, Policy, PolicyTenure, Priority, SlaMetric
from tiers.entitlements.values import minutes_in_words

Kind = ClockEntry.Kind
CAUSES = {
    OPENED: "the ticket was opened",
    Happening.CUSTOMER_REPLY: "the customer wrote",
    Happening.AGENT_REPLY: "we replied",
    Happening.WAITING: "the ticket waits for the customer",
    Happening.WORKING: "the ticket is with us again",
    Happening.SOLVED: "the ticket was solved",
    CALENDAR: "the calendar has other hours",
}
AROUND_THE_CLOCK = "around the clock"
SHORTEST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the ledger: what, why in full, and by which promise."""

    entry: ClockEntry
    what: str
    why: str
    promise: str


def say(entry: ClockEntry, tenures: Mapping[int, PolicyTenure], due_at: datetime | None) -> Said:
    """Return a line in words; ``due_at`` is when the clock was due before it, ``tenures`` those of the ledger."""
    tenure = tenures.get(entry.tenure_id or 0)
    return Said(entry, _what(entry, due_at), _why(entry, tenures), promise_words(entry, tenure))


def _what(entry: ClockEntry, due_at: datetime | None) -> str:
    if entry.kind == Kind.WARN:
        return f"{entry.percent} % of the time is used up"
    if entry.kind == Kind.BREACH:
        return (
            "The time ran out" if entry.cause != CHANGE else "By the new target the time had run out already"
        )
    if entry.kind == Kind.MEET:
        left = f", {span(due_at - entry.at)} before it was due" if due_at and due_at > entry.at else ""
        return f"Met{left}"
    if entry.kind == Kind.STOP:
        late = f", {span(entry.at - due_at)} late" if due_at and due_at < entry.at else ""
        return f"Ended{late}"
    return str(Kind(entry.kind).label)


def _why(entry: ClockEntry, tenures: Mapping[int, PolicyTenure]) -> str:
    if entry.cause == PRIORITY:
        became = Priority(entry.priority).label.lower() if entry.priority else "another"
        nothing = "" if entry.minutes is not None else ", for which nothing is promised"
        return f"the priority became {became}{nothing}"
    if entry.cause == PROMISE:
        return _changed(entry, tenures)
    return CAUSES.get(entry.cause, "")


def _changed(entry: ClockEntry, tenures: Mapping[int, PolicyTenure]) -> str:
    """Return what became another promise to the account."""
    tenure = tenures.get(entry.cause_id or 0)
    if tenure is None:
        return "something else is promised to the account"
    before = tenures.get(-tenure.pk)  # Kept under the other sign by who reads them.
    said = list(differences(before, tenure)) if before else []
    if tenure.policy is None:
        said = ["no policy fits the account any more", *(one for one in said if "policy" not in one)]
    elif entry.minutes is None:
        said.append(f"policy “{tenure.policy}” promises nothing here")
    return ", ".join(said) or "something else is promised to the account"


def differences(before: PolicyTenure, after: PolicyTenure) -> list[str]:
    """Return in words what is promised otherwise by one tenure of an account than by the one before it."""
    found = []
    if before.tier_id != after.tier_id:
        found.append(f"the tier became {after.tier.label if after.tier else 'none'}")
    if before.agreed_by != after.agreed_by:
        found.append(
            f"{after.agreed_by} says it itself" if after.agreed_by else f"{before.agreed_by} says it no more"
        )
    if before.policy_id != after.policy_id and after.policy is not None:
        found.append(f"policy “{after.policy}” of {str(after.policy.policy_set).lower()} counts")
    if before.calendar_id != after.calendar_id:
        found.append(f"time runs {hours(after)}")
    if before.entitled_minutes != after.entitled_minutes:
        found.append(f"the first response is owed within {minutes_in_words(after.entitled_minutes)}")
    return found


def promise_words(entry: ClockEntry, tenure: PolicyTenure | None) -> str:
    """Return the target with what gave it, such as “2 h around the clock, for urgent, by policy “Every account””."""
    if entry.minutes is None or tenure is None:
        return ""
    by = f"by policy “{tenure.policy}”" if tenure.policy else "by its entitlement"
    if tenure.agreed_by and entry.metric == SlaMetric.FIRST_RESPONSE:
        by = f"by {tenure.agreed_by}"
    tier = f", {tenure.tier.label} tier" if tenure.tier else ""
    priority = Priority(entry.priority).label.lower() if entry.priority else "any"
    return f"{minutes_in_words(entry.minutes)} {hours(tenure)}, priority {priority}{tier}, {by}"


def hours(tenure: PolicyTenure) -> str:
    """Return when time runs by a promise, in words."""
    return f"in the hours of {tenure.calendar}" if tenure.calendar else AROUND_THE_CLOCK


def span(of: timedelta) -> str:
    """Return a span as people say it: to the minute, in days from two days on."""
    if of < SHORTEST:
        return "less than a minute"
    minutes = int(of.total_seconds() // 60)
    days, rest = divmod(minutes, 24 * 60)
    if days >= 2:
        hours_left = rest // 60
        return f"{days} days{f' {hours_left} h' if hours_left else ''}"
    return minutes_in_words(minutes)


def policy_words(policy: Policy | None) -> str:
    """Return a policy by name and version, from when on it counts."""
    if policy is None:
        return "No policy"
    held = policy.policy_set
    since = f", from {format_date(held.starts_on)}" if held.starts_on else ""
    return f"{policy} ({str(held).lower()}{since})"
