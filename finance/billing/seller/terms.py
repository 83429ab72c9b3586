"""What can be said of the seller: the fields, what is wrong with them, what an invoice still needs."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from common.codes import countries, country_name
from finance.models import SellerParticulars

MOST_LINES = 8
LONGEST_LINE = 80
BIC = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?", re.ASCII)
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
ROUTING = re.compile(r"\d[\d-]{3,18}\d", re.ASCII)
ACCOUNT = re.compile(r"[A-Za-z0-9-]{2,34}", re.ASCII)
TAX = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./+*-]{2,31}", re.ASCII)
UNITED_STATES = "US"
LABELS = {
    "name": "Legal name",
    "address": "Address",
    "country": "Country",
    "vat_number": "VAT number",
    "tax_number": "Tax number",
    "registration": "Registration",
    "email": "E-mail",
    "bank": "Bank",
    "iban": "IBAN",
    "bic": "BIC",
    "account_number": "Account number",
    "routing_number": "Routing number",
    "payment_hint": "How to pay",
}
LONGEST = {
    field.name: field.max_length
    for field in SellerParticulars._meta.concrete_fields
    if field.name in LABELS and field.max_length
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What a version says; see ``SellerParticulars`` for each."""

    name: str = ""
    address: str = ""
    country: str = ""
    vat_number: str = ""
    tax_number: str = ""
    registration: str = ""
    email: str = ""
    bank: str = ""
    iban: str = ""
    bic: str = ""
    account_number: str = ""
    routing_number: str = ""
    payment_hint: str = ""

    def columns(self) -> dict[str, str]:
        """Return the columns of a version that says this."""
        return asdict(self)


def particulars_of(version: SellerParticulars | None) -> Particulars:
    """Return what a version says, nothing of none."""
    if version is None:
        return Particulars()
    return Particulars(**{field.name: getattr(version, field.name) for field in fields(Particulars)})


def checked(given: dict[str, Any]) -> Particulars:
    """Return what was typed as it is kept: no blanks around it, nor within numbers of banks.

    Raises ValidationError by field for what can't be: too long, no country, and bank numbers and an IBAN whose
    check digits are wrong. What is missing is allowed here; see ``missing``.
    """
    held = {name: str(given.get(name) or "").strip() for name in LABELS}
    lines = [" ".join(line.split()) for line in held["address"].splitlines()]
    held["address"] = "\n".join(line for line in lines if line)
    for name in ("name", "registration", "bank", "payment_hint", "vat_number", "tax_number"):
        held[name] = " ".join(held[name].split())
    for name in ("iban", "bic", "account_number", "routing_number"):
        held[name] = "".join(held[name].split())
    for name in ("iban", "bic", "country"):
        held[name] = held[name].upper()
    if wrong := _problems(held):
        raise ValidationError(wrong)
    return Particulars(**held)


def _problems(held: dict[str, str]) -> dict[str, str]:
    wrong = {
        name: f"Write {most} letters at most." for name, most in LONGEST.items() if len(held[name]) > most
    }
    lines = held["address"].splitlines()
    if len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):
        wrong["address"] = f"Write {MOST_LINES} lines of {LONGEST_LINE} letters at most."
    if any(ord(letter) < 32 and letter != "\n" for text in held.values() for letter in text):
        wrong["name"] = "It holds a character that can’t be printed."
    if held["country"] and held["country"] not in countries():
        wrong["country"] = "Choose a country."
    if held["email"]:
        try:
            validate_email(held["email"])
        except ValidationError:
            wrong["email"] = "Write an address such as billing@example.com."
    for name in ("vat_number", "tax_number"):
        if held[name] and not TAX.fullmatch(held[name]):
            wrong.setdefault(name, "Write letters and digits, as on its certificate.")
    if held["iban"] and not is_iban(held["iban"]):
        wrong["iban"] = "Its check digits are wrong. Copy it again from your bank."
    if held["bic"] and not BIC.fullmatch(held["bic"]):
        wrong["bic"] = "A BIC has 8 or 11 letters and digits, such as DEUTDEFF."
    if held["account_number"] and not ACCOUNT.fullmatch(held["account_number"]):
        wrong["account_number"] = "Write letters and digits."
    if held["routing_number"] and not is_routing(held["routing_number"], held["country"]):
        wrong["routing_number"] = "Its check digits are wrong. Copy it again from your bank."
    return wrong


def is_iban(text: str) -> bool:
    """Return whether a text without blanks is an IBAN whose check digits are right (ISO 13616, modulus 97)."""
    if not IBAN.fullmatch(text):
        return False
    moved = text[4:] + text[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def is_routing(text: str, country: str) -> bool:
    """Return whether a text may be a routing number or sort code; one of the USA by its checksum (ABA, modulus 10)."""
    if not ROUTING.fullmatch(text):
        return False
    if country != UNITED_STATES:
        return True
    weights = (3, 7, 1) * 3
    return (
        len(text) == 9
        and text.isdecimal()
        and sum(w * int(d) for w, d in zip(weights, text, strict=True)) % 10 == 0
    )


def missing(held: Particulars) -> list[str]:
    """Return what an invoice needs of the seller and isn't known, in words."""
    needs = {
        "the legal name": held.name,
        "the address": held.address,
        "the country": held.country,
        "a VAT or tax number": held.vat_number or held.tax_number,
        "an e-mail address": held.email,
        "an IBAN, or an account number with its routing number": held.iban
        or (held.account_number and held.routing_number),
    }
    return [words for words, value in needs.items() if not value]


def spaced(iban: str) -> str:
    """Return an IBAN as it is printed, in groups of four."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def told(held: Particulars) -> dict[str, str]:
    """Return what is known, each in words by its label."""
    shown = held.columns() | {
        "country": country_name(held.country) if held.country else "",
        "iban": spaced(held.iban),
        "address": ", ".join(held.address.splitlines()),
    }
    return {LABELS[name]: text for name, text in shown.items() if text}


def differences(before: SellerParticulars | None, after: SellerParticulars) -> list[str]:
    """Return what another version says otherwise, in sentences."""
    old, new = told(particulars_of(before)), told(particulars_of(after))
    found = []
    for label in LABELS.values():
        was, now = old.get(label, ""), new.get(label, "")
        if was != now:
            found.append(f"{label}: {was or 'none'} → {now or 'none'}" if was else f"{label}: {now}")
    return found
