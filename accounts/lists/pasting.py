"""Accounts named in a text: by number, web domain, a source's id or name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db import connection

from accounts.identity.domains import normalise_domain
from accounts.models import Account
from common.sql import load_sql
from sync.redirects import target_of

MERGED, ID = 0, 1
MOST_LINES = 5000
LONGEST_LINE = 255
LARGEST_ID_DIGITS = 18


@dataclass
class Pasted:
    """What a text names: accounts, lines that name none, and lines that name several."""

    accounts: set[int] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)


def read_pasted(text: str) -> Pasted:
    """Return the live accounts that the lines of a text name; a constant number of queries.

    Raises ValueError for more lines than can be read.
    """
    clean = text.encode(errors="ignore").decode()
    lines = list(dict.fromkeys(line for line in map(clean_line, clean.splitlines()) if line))
    if len(lines) > MOST_LINES:
        raise ValueError(f"The text has {len(lines):,} lines. Paste at most {MOST_LINES:,} at once.")
    hits = look_up(lines)
    found = Pasted()
    for line in lines:
        named = hits.get(line, set())
        if len(named) == 1:
            found.accounts |= named
        else:
            (found.ambiguous if named else found.unknown).append(line)
    return found


def look_up(texts: Collection[str]) -> dict[str, set[int]]:
    """Return the live accounts that each text names, where it names any; one query, and some for merged accounts.

    A text is looked up as our number and a source's id, then as a web domain, then as a name; the first that finds
    counts. A number that is ours and another account's id of a source names both. The number of a merged account
    names the one that it is part of.
    """
    given = list(texts)
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("accounts", "lists/look_up"),
            [given, [_number(text) for text in given], [_domain(text) for text in given]],
        )
        rows = cursor.fetchall()
    merged = {pk: target_of("accounts", pk) for _, way, pk in rows if way == MERGED}
    live = set(Account.objects.live().filter(pk__in=set(merged.values())).values_list("pk", flat=True))
    found: dict[str, tuple[int, set[int]]] = {}
    for text, way, pk in rows:
        account, place = (merged[pk], ID) if way == MERGED else (pk, way)
        if account is None or (way == MERGED and account not in live):
            continue
        nearest, pks = found.get(text, (place, set()))
        if place <= nearest:
            found[text] = (place, pks | {account} if place == nearest else {account})
    return {text: pks for text, (_, pks) in found.items()}


def clean_line(line: str) -> str:
    """Return a line, or a cell, as it is looked up: the first of its cells without blanks and signs around it."""
    clean = line.replace("\x00", "").split("\t")[0]
    return clean.strip().strip('",;').strip()[:LONGEST_LINE]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LARGEST_ID_DIGITS else None


def _domain(text: str) -> str | None:
    try:
        return (normalise_domain(text) or None) if "." in text and " " not in text else None
    except ValueError:
        return None
