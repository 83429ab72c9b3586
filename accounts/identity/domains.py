"""Web domains in the one form in which they are kept and compared."""

from __future__ import annotations

import re

import idna

SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://")
PLAIN_HOST = re.compile(r"(?!www\.)(?=.{1,253}$)(?:[a-z0-9]{1,63}[.])+[a-z]{2,63}")
HOST = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+(?![0-9]+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])"
)
WWW = "www."


def normalise_domain(value: str) -> str:
    """Return the bare host in lower case: ``https://www.Example.com:443/x`` is ``example.com``.

    International names are kept in their ASCII form, as browsers read them. What has been normalised stays as
    it is. Raises ValueError for what is no host; an empty one stays empty.
    """
    if PLAIN_HOST.fullmatch(value):
        return value
    host = SCHEME.sub("", value.strip().lower()).split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]
    host = host.rsplit("@", 1)[-1].split(":", 1)[0]
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except UnicodeError:
            host = " "
    host = host.strip(".")
    while host.startswith(WWW) and "." in host.removeprefix(WWW):
        host = host.removeprefix(WWW)
    if host and not HOST.fullmatch(host):
        raise ValueError("wrong_format|This is no web domain such as example.com.")
    return host
