"""Who sells, who buys and how to pay, as papers say it."""

from __future__ import annotations

from django.conf import settings

from accounts.models import Account
from common.codes import country_name
from finance.billing.agreed import Recipient
from finance.billing.papers.paper import lines_of
from finance.billing.seller.terms import Particulars, spaced


def seller_name(seller: Particulars) -> str:
    """Return the seller's legal name, or while nothing is known the company's."""
    return seller.name or str(settings.COMPANY)


def seller_lines(seller: Particulars) -> tuple[str, ...]:
    """Return name, address and where to write."""
    country = country_name(seller.country) if seller.country else ""
    return lines_of([seller_name(seller), *seller.address.splitlines(), country, seller.email])


def buyer_lines(account: Account, recipient: Recipient) -> tuple[str, ...]:
    """Return the account's name and whom its papers go to."""
    country = country_name(account.country) if account.country else ""
    contact = recipient.name if recipient.name != account.name else ""
    return lines_of([account.name, contact, recipient.email, country])


def payment_facts(seller: Particulars, number: str) -> tuple[tuple[str, str], ...]:
    """Return where money goes to and what it should name; nothing where no bank is known."""
    if not seller.iban and not seller.account_number:
        return ()
    held = (
        ("Account holder", seller.name),
        ("Bank", seller.bank),
        ("IBAN", spaced(seller.iban)),
        ("BIC", seller.bic),
        ("Account number", seller.account_number),
        ("Routing number", seller.routing_number),
        ("Reference", number),
        ("How to pay", seller.payment_hint),
    )
    return tuple((label, text) for label, text in held if text)


def footer_of(seller: Particulars, what: str) -> str:
    """Return the line that stands below each page: who issued it by which numbers, and what it is."""
    numbers = [
        f"VAT number {seller.vat_number}" if seller.vat_number else "",
        f"Tax number {seller.tax_number}" if seller.tax_number else "",
        seller.registration,
    ]
    return " · ".join(lines_of([seller_name(seller), *numbers, what]))
