"""Whom a message goes to: who receives the account's invoices, else its economic buyer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from accounts.models import Account, Contact, ContactRole
from finance.billing.agreed import Recipient, arrangements_of


def recipient_of(account: Account, day: date) -> Recipient | None:
    """Return whom to write to about an account's invoices, None where nobody with an address is known."""
    return recipients_of([account], day).get(account.pk)


def recipients_of(accounts: Iterable[Account], day: date) -> dict[int, Recipient]:
    """Return whom to write to by account, without those of whom nobody with an address is known; some eight queries.

    That is who the billing arrangement names, else an active economic buyer with an address.
    """
    agreed = arrangements_of(accounts, day)
    found = {pk: each.recipient for pk, each in agreed.items() if each.recipient.email}
    buyers = Contact.objects.live().filter(account__in=set(agreed) - set(found), is_active=True)
    buyers = buyers.filter(role=ContactRole.ECONOMIC_BUYER).exclude(email="")
    for buyer in buyers.order_by("-pk"):
        found[buyer.account_id] = Recipient(buyer.name, buyer.email, "Economic buyer")
    return found
