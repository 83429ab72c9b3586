"""The policy that a new installation begins with, as a draft: nobody is asked before finance has published one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from finance.collections.policy import Stage

THRESHOLDS = {
    code: Decimal(amount) for code, amount in (("EUR", 150), ("USD", 100), ("GBP", 130), ("CHF", 150))
}
GREETING = "Hello {recipient},\n\n"
CLOSING = (
    "\n\nPlease reply to this mail if something about an invoice is not right.\n\nKind regards\n{company}"
)
STAGES = (
    Stage(
        name="Reminder",
        days_overdue=7,
        attempts=2,
        delay_days=7,
        subject="Reminder: {amount} is overdue",
        text=GREETING
        + "perhaps this escaped you: {amount} is overdue. These invoices are open:\n\n{invoices}\n\n"
        "If you have paid by now, please ignore this mail." + CLOSING,
        thresholds=THRESHOLDS,
    ),
    Stage(
        name="Second notice",
        days_overdue=21,
        attempts=2,
        delay_days=7,
        subject="Second notice: {amount} is overdue since {oldest_due}",
        text=GREETING
        + "we have not received a payment yet. {amount} is open, the oldest invoice for {days_overdue} days.\n\n"
        "{invoices}\n\nPlease pay it, or tell us by when you will." + CLOSING,
        thresholds=THRESHOLDS,
    ),
    Stage(
        name="Last notice",
        days_overdue=45,
        attempts=1,
        delay_days=10,
        subject="Last notice about {amount}",
        text=GREETING
        + "{amount} is overdue for {days_overdue} days, although we asked you before.\n\n{invoices}\n\n"
        "Unless we hear from you within ten days, one of us will call you." + CLOSING,
        thresholds=THRESHOLDS,
    ),
)


def default_content() -> dict[str, Any]:
    """Return the columns of the first version."""
    return {"tiers": [], "stages": [stage.as_data() for stage in STAGES]}
