"""Which address somebody may have us send to."""

from __future__ import annotations

import httpx
from django.conf import settings
from django.core.exceptions import ValidationError

from common.outbound.addresses import AddressError, resolve


def check_url(url: str) -> str:
    """Return the address in its normal form. Raises ValidationError with the reason it can't be used.

    Asks the name service; call it outside transactions.
    """
    try:
        parsed = httpx.URL(url.strip())
        host = parsed.host  # read here: a name in Punycode is decoded only now, and may be none
    except (httpx.InvalidURL, TypeError, UnicodeError) as error:
        raise ValidationError({"url": "This is no address such as https://example.com/hooks."}) from error
    allow_private = bool(settings.WEBHOOKS_ALLOW_PRIVATE)
    schemes = ("https", "http") if allow_private else ("https",)
    if parsed.scheme not in schemes or not host:
        raise ValidationError({"url": "The address must begin with https:// and name a host."})
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise ValidationError({"url": "An address has a port from 1 to 65535."})
    if parsed.userinfo:
        raise ValidationError({"url": "Leave name and password out: they would travel with every request."})
    try:
        resolve(host, parsed.port or (443 if parsed.scheme == "https" else 80), allow_private=allow_private)
    except AddressError as error:
        raise ValidationError({"url": str(error)}) from error
    return str(parsed.copy_with(fragment=None))
