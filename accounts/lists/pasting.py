"""Accounts named in a text: by number, web domain, a source's id or name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models.functions import Upper

from accounts.identity.domains import normalise_domain
from accounts.models import Account
from sync.models import Link

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

    Each line is looked up as our number, a source's id, a web domain and a name, in this order; the first that finds
    counts. Raises ValueError for more lines than can be read.
    """
    lines = _lines(text)
    if len(lines) > MOST_LINES:
        raise ValueError(f"The text has {len(lines):,} lines. Paste at most {MOST_LINES:,} at once.")
    ways = (_by_number(lines), _by_source(lines), _by_domain(lines), _by_name(lines))
    found = Pasted()
    for line in lines:
        hits = next((way[line] for way in ways if way.get(line)), set())
        if len(hits) == 1:
            found.accounts |= hits
        else:
            (found.ambiguous if hits else found.unknown).append(line)
    return found


def _lines(text: str) -> list[str]:
    clean = text.encode(errors="ignore").decode().replace("\x00", "")
    cells = (line.split("\t")[0].strip().strip('",;').strip()[:LONGEST_LINE] for line in clean.splitlines())
    return list(dict.fromkeys(cell for cell in cells if cell))


def _by_number(lines: Iterable[str]) -> dict[str, set[int]]:
    numbers = {line: int(line) for line in lines if line.isascii() and line.isdecimal() and len(line) <= 18}
    live = set(Account.objects.live().filter(pk__in=numbers.values()).values_list("pk", flat=True))
    return {line: {number} for line, number in numbers.items() if number in live}


def _by_source(lines: list[str]) -> dict[str, set[int]]:
    links = Link.objects.filter(resource="accounts", external_id__in=lines).values_list(
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
