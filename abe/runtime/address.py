"""Where the web server listens."""

from __future__ import annotations

import os
from collections.abc import Mapping

from abe.runtime.errors import ServicesError


def listening(environment: Mapping[str, str] | None = None) -> tuple[str, int]:
    """The address and port to listen on: loopback by default, since it is nobody else's business.

    Raises ServicesError where ``PORT`` is none.
    """
    environment = os.environ if environment is None else environment
    named = environment.get("PORT") or "8000"
    if not named.isdecimal() or not 0 < int(named) < 65536:
        raise ServicesError(f"PORT={named} is no port: a number from 1 to 65535 is.")
    return environment.get("ABE_HOST") or "127.0.0.1", int(named)
