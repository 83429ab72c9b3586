"""Which addresses a connection may call: the vendor's own, by HTTPS, and what the installation allows besides."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError

HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")


def check_address(address: str, domains: Collection[str]) -> str:
    """Return ``address`` as scheme and host without a trailing slash.

    Raises ValidationError unless it is HTTPS on a host of ``domains`` or below one, or its host (with the port,
    where it has one) is listed in ``ABE_CONNECTORS_ALLOW_HOSTS``, which also allows plain HTTP.
    """
    text = address.strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower().rstrip("."), parts.port
    except ValueError as error:
        raise ValidationError("This is no address such as https://example.com.") from error
    if not HOST.fullmatch(host) or parts.username or parts.password or parts.query or parts.fragment:
        raise ValidationError("Give only scheme and host, such as https://example.com.")
    if parts.path.strip("/"):
        raise ValidationError("Give the address without a path.")
    place = host if port is None else f"{host}:{port}"
    if parts.scheme in ("http", "https") and place in settings.CONNECTORS_ALLOW_HOSTS:
        return f"{parts.scheme}://{place}"
    if parts.scheme != "https":
        raise ValidationError("Only https:// addresses are called.")
    if port not in (None, 443) or not any(host == name or host.endswith(f".{name}") for name in domains):
        raise ValidationError(f"The host must be one of {', '.join(domains)} or below.")
    return f"https://{host}"
