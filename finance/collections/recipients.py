"""Whom a message goes to: who receives the account's bills, else its economic buyer."""

from __future__ import annotations

from datetime import date

from accounts.models import Account, Contact, ContactRole
from finance.billing.agreed import Recipient, arrangement_of


def recipient_of(account: Account, day: date) -> Recipient | None:
    """Return whom to write to about an account's bills, None where nobody with an address is known.

    That is who its billing arrangement names, else an active economic buyer with an address.
    """
    named = arrangement_of(account, day).recipient
    if named.email:
        return named
    buyers = Contact.objects.live().filter(account=account, is_active=True, role=ContactRole.ECONOMIC_BUYER)
    buyer = buyers.exclude(email="").order_by("pk").first()
    return Recipient(buyer.name, buyer.email, "Economic buyer") if buyer else None
