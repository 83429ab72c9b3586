"""Accounts named in a text: by number, web domain, a source's id or name."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db.models.functions import Upper

from accounts.identity.domains import normalise_domain
from accounts.identity.models import AccountMerge
from accounts.models import Account
from sync.models import Link
from sync.redirects import target_of

MOST_LINES = 5000
LONGEST_LINE = 255


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
    """Return the live accounts that each text names, where it names any; a constant number of queries.

    A text is looked up as our number and a source's id, then as a web domain, then as a name; the first that finds
    counts. A number that is ours and another account's id of a source names both. The number of a merged account
    names the one that it is part of.
    """
    ids = _by_number(texts)
    for text, pks in _by_source(texts).items():
        ids[text] = ids.get(text, set()) | pks
    found = ids
    for way in (_by_domain, _by_name):
        rest = [text for text in texts if text not in found]
        found |= way(rest)
    return found


def clean_line(line: str) -> str:
    """Return a line, or a cell, as it is looked up: the first of its cells without blanks and signs around it."""
    clean = line.replace("\x00", "").split("\t")[0]
    return clean.strip().strip('",;').strip()[:LONGEST_LINE]


def _by_number(texts: Iterable[str]) -> dict[str, set[int]]:
    numbers = {text: int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) <= 18}
    asked = set(numbers.values())
    live = set(Account.objects.live().filter(pk__in=asked).values_list("pk", flat=True))
    merged = AccountMerge.objects.in_force().filter(loser__in=asked - live).values_list("loser_id", flat=True)
    now = {pk: {pk} for pk in live} | {pk: {target} for pk in merged if (target := target_of("accounts", pk))}
    ends = set(Account.objects.live().filter(pk__in=set().union(*now.values())).values_list("pk", flat=True))
    return {text: now[pk] for text, pk in numbers.items() if now.get(pk, set()) & ends}


def _by_source(texts: Collection[str]) -> dict[str, set[int]]:
    links = Link.objects.filter(resource="accounts", external_id__in=list(texts)).values_list(
        "external_id", "object_id"
    )
    return _live(links)


def _by_domain(lines: list[str]) -> dict[str, set[int]]:
    domains: dict[str, list[str]] = {}
    for line in lines:
        try:
            domain = normalise_domain(line) if "." in line and " " not in line else ""
        except ValueError:
            continue
        if domain:
            domains.setdefault(domain, []).append(line)
    held = Account.objects.live().filter(domain__in=list(domains)).values_list("domain", "pk")
    return _gathered((line, pk) for domain, pk in held for line in domains[domain])


def _by_name(lines: list[str]) -> dict[str, set[int]]:
    names: dict[str, list[str]] = {}
    for line in lines:
        names.setdefault(line.upper(), []).append(line)
    held = Account.objects.live().annotate(upper=Upper("name")).filter(upper__in=list(names))
    return _gathered(
        (line, pk) for name, pk in held.values_list("upper", "pk") for line in names.get(name, ())
    )


def _live(pairs: Iterable[tuple[str, int]]) -> dict[str, set[int]]:
    held = list(pairs)
    live = set(Account.objects.live().filter(pk__in={pk for _, pk in held}).values_list("pk", flat=True))
    return _gathered((text, pk) for text, pk in held if pk in live)


def _gathered(pairs: Iterable[tuple[str, int]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for text, pk in pairs:
        found.setdefault(text, set()).add(pk)
    return found
