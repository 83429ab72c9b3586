"""Whom a message goes to: who receives the account's bills, else its economic buyer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from accounts.models import Account, Contact, ContactRole


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person or a mailbox of the customer; ``why`` says how it was found."""

    name: str
    email: str
    why: str


def recipient_of(account: Account, day: date) -> Recipient | None:
    """Return whom to write to about an account's bills, None where nobody with an address is known.

    That is the contact of its billing arrangement, else an active economic buyer with an address.
    """
    buyers = Contact.objects.live().filter(account=account, is_active=True, role=ContactRole.ECONOMIC_BUYER)
    buyer = buyers.exclude(email="").order_by("pk").first()
    return Recipient(buyer.name, buyer.email, "Economic buyer") if buyer else None
