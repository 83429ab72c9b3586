"""Write a message: what a stage says, filled with what a claim is about."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from accounts.models import Account
from common.formatting import NO_MINOR_UNIT, format_date, format_money
from finance.billing.agreed import Recipient
from finance.collections.claims import Claim
from finance.collections.policy import Stage
from finance.collections.wording import filled, one_line


@dataclass(frozen=True, slots=True)
class Letter:
    """A subject and a text, ready to be sent."""

    subject: str
    text: str


def write_letter(stage: Stage, claim: Claim, account: Account, recipient: Recipient, attempt: int) -> Letter:
    """Fill a stage's words with a claim; amounts to the cent."""
    currency, oldest = claim.currency, claim.oldest_due
    lines = [
        f"- {owed.number or f'Invoice {owed.invoice_id}'}, due {format_date(owed.due_on)}: {exact(amount, currency)}"
        for owed, amount in claim.asked_for
    ]
    values = {
        "account": account.name,
        "recipient": recipient.name or account.name,
        "amount": exact(claim.rest, currency),
        "currency": currency,
        "invoices": "\n".join(lines),
        "invoice_count": str(len(lines)),
        "oldest_due": format_date(oldest) if oldest else "",
        "days_overdue": str(claim.days_overdue),
        "attempt": str(attempt),
        "company": settings.COMPANY,
    }
    return Letter(one_line(filled(stage.subject, values)), filled(stage.text, values))


def exact(amount: Decimal, currency: str) -> str:
    """Return an amount with its minor units, as invoices show it."""
    return format_money(amount, currency, decimals=0 if currency in NO_MINOR_UNIT else 2)
