"""Types and forms that many resources share.

Patterns stand in the schema for clients to read; here they are checked once for each value that occurs, which
costs a tenth of checking them in every record.
"""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta

from common.codes import countries, currencies

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")

Name = Annotated[str, Meta(min_length=1, max_length=255, extra_json_schema={"pattern": r"\S"})]
Email = Annotated[
    str, Meta(max_length=254, description="Kept in lower case.", extra_json_schema={"format": "email"})
]
Currency = Annotated[
    str,
    Meta(min_length=3, max_length=3, description="ISO 4217.", extra_json_schema={"pattern": "^[A-Za-z]{3}$"}),
]
Country = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=2,
        description="ISO 3166-1 alpha-2.",
        extra_json_schema={"pattern": "^[A-Za-z]{2}$"},
    ),
]


def keep_name(value: str) -> str:
    """Return the value; ValueError for one of blanks only."""
    if value.isspace():
        raise ValueError("too_short|A name needs at least one visible character.")
    return value


def keep_email(value: str) -> str:
    """Return an address without outer blanks and in lower case, as addresses are compared."""
    address = value.strip().lower()
    if address and not ADDRESS.fullmatch(address):
        raise ValueError("wrong_format|This is no e-mail address.")
    return address


def keep_country(value: str) -> str:
    """Return a country's code in upper case. Raises ValueError for one that ISO 3166 doesn't know."""
    code = value.upper()
    if code not in countries():
        raise ValueError("unknown_value|This is no ISO 3166-1 code of a country such as DE.")
    return code


def keep_currency(value: str) -> str:
    """Return a currency's code in upper case. Raises ValueError for one that ISO 4217 doesn't know."""
    code = value.upper()
    if code not in currencies():
        raise ValueError("unknown_value|This is no ISO 4217 code of a currency such as EUR.")
    return code
