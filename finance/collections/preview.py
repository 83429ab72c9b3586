"""What a policy would do today, against the one in force, and how its messages read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from accounts.models import Account
from common.export import Table, table_of
from finance.billing.agreed import Recipient
from finance.collections.claims import Claim, Owed
from finance.collections.policy import Stage
from finance.collections.positions import Position, positions_under, read_held
from finance.collections.writing import Letter, write_letter
from finance.models import DunningPolicy
from metrics.engine.plan import today

# From here on ageing tells no further ages apart: such debts were forgotten, or are dealt with elsewhere.
ANCIENT_DAYS = 90


@dataclass(frozen=True, slots=True)
class Change:
    """One claim under the policy in force and under another."""

    before: Position
    after: Position

    @property
    def is_change(self) -> bool:
        """Whether something else would happen today."""
        was, now = self.before.verdict, self.after.verdict
        return (was.kind, was.stage, was.attempt) != (now.kind, now.stage, now.attempt)

    @property
    def is_ancient(self) -> bool:
        """Whether it would be asked for the first time, though it is overdue for longer than anybody expects a mail."""
        position = self.after
        return (
            position.verdict.is_due and not position.messages and position.claim.days_overdue > ANCIENT_DAYS
        )


def changes_under(policy: DunningPolicy, in_force: DunningPolicy | None, day: date) -> list[Change]:
    """Return every claim of a day under both policies: what changes first, then whom it asks, the oldest first."""
    held = read_held(day)
    found = [
        Change(before, after)
        for before, after in zip(positions_under(in_force, held), positions_under(policy, held), strict=True)
    ]
    return sorted(
        found,
        key=lambda each: (
            not each.is_change,
            not each.after.verdict.is_due,
            -each.after.claim.days_overdue,
            each.after.account.name,
            each.after.claim.currency,
        ),
    )


def changes_table(rows: Sequence[Change]) -> Table:
    """Return the claims for a file."""
    return table_of(
        "dunning-preview",
        rows,
        [
            ("account_id", "Account id", lambda row: row.after.account.pk),
            ("account", "Account", lambda row: row.after.account.name),
            ("currency", "Currency", lambda row: row.after.claim.currency),
            ("overdue", "Overdue", lambda row: row.after.claim.overdue),
            ("asked_for", "May be asked for", lambda row: row.after.claim.rest),
            ("days_overdue", "Days overdue", lambda row: row.after.claim.days_overdue),
            ("before", "In force", lambda row: row.before.verdict.why),
            ("after", "This version", lambda row: row.after.verdict.why),
            ("is_change", "Changes", lambda row: row.is_change),
            ("is_ancient", f"First asked after {ANCIENT_DAYS} days", lambda row: row.is_ancient),
        ],
    )


def sample_letter(stage: Stage) -> Letter:
    """Return a stage's message filled with a made-up customer's invoices."""
    day = today()
    currency = min(stage.thresholds, default="EUR")
    due = day - timedelta(days=stage.days_overdue)
    owed = [
        Owed(1, "INV-1041", 0, currency, due, Decimal("1250.00")),
        Owed(2, "INV-1058", 0, currency, due + timedelta(days=1), Decimal("340.50")),
    ]
    claim = Claim(0, currency, day, owed)
    return write_letter(stage, claim, Account(name="Nordwind Logistik"), Recipient("Ida Berg", "", ""), 1)
