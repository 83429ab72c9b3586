"""How an account is billed, as pages and files show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounts.models import Account
from common.export import Table, table_of
from finance.billing.querysets import COUNTS
from finance.billing.terms import differences
from finance.models import BillingArrangement, BillingMilestone

MOST_DIVISIONS = 100


@dataclass(frozen=True, slots=True)
class Told:
    """One version, and what it says otherwise than the one before it."""

    version: BillingArrangement
    differences: list[str]
    is_in_effect: bool


def history_of(account: Account, day: date) -> list[Told]:
    """Return the versions that count, have counted or will, the newest first; two queries."""
    versions = list(
        BillingArrangement.objects.filter(account=account, state__in=COUNTS)
        .select_related("contact", "author", "published_by", "account")
        .newest_first()
    )
    now = BillingArrangement.objects.in_effect_on(day).filter(account=account).first()
    before: list[BillingArrangement | None] = [*versions, None][1:]
    return [
        Told(version, differences(older, version), now is not None and now.pk == version.pk)
        for version, older in zip(versions, before, strict=True)
    ]


def history_table(history: Sequence[Told]) -> Table:
    """Return the versions for a file."""
    return table_of(
        "billing-versions",
        history,
        (
            ("version", "Version", lambda told: told.version.version),
            ("state", "State", lambda told: told.version.get_state_display()),
            ("starts_on", "From", lambda told: told.version.starts_on),
            ("ends_on", "First day after", lambda told: told.version.ends_on),
            ("changes", "Changes", lambda told: told.differences),
            ("note", "Why", lambda told: told.version.note),
            ("by", "Written by", lambda told: str(told.version.author or "")),
            ("agreed_by", "Agreed by", lambda told: str(told.version.published_by or "")),
        ),
    )


def milestones_of(account: Account) -> list[Any]:
    """Return the milestones of an account, those that wait first, each with the ``invoice_id`` of its invoice."""
    held: Any = BillingMilestone.objects.filter(account=account).with_invoice()
    return sorted(
        held.select_related("contract", "reached_by"),
        key=lambda one: (
            one.invoice_id is not None,
            one.reached_on is not None,
            one.due_on or date.max,
            one.pk,
        ),
    )


def milestones_table(milestones: Sequence[Any]) -> Table:
    """Return milestones for a file."""
    return table_of(
        "billing-milestones",
        milestones,
        (
            ("label", "Milestone", lambda one: one.label),
            ("amount", "Amount", lambda one: one.amount),
            ("currency", "Currency", lambda one: one.currency),
            ("due_on", "On", lambda one: one.due_on),
            ("event", "Once reached", lambda one: one.event),
            ("contract", "Contract", lambda one: str(one.contract or "")),
            ("reached_on", "Reached on", lambda one: one.reached_on),
            ("reached_by", "Noted by", lambda one: str(one.reached_by or "")),
            ("invoice_id", "Invoice id", lambda one: one.invoice_id),
        ),
    )


def divisions_of(account: Account) -> list[Account]:
    """Return the accounts whose billing parent this one is, at most a hundred."""
    held = Account.objects.filter(billing_parent=account.pk, deleted_at=None)
    return list(held.order_by("name", "pk")[:MOST_DIVISIONS])
