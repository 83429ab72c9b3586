"""How the numbers of a column are written.

1.234 may be a thousand or one and a bit; so every cell of the column is read both ways, and only cells that
can't be read one way prove the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from sync.files.detection.dates import LONGEST, Sighting, _rows

FORMATS = {"dot": "Decimal point: 1,234.56", "comma": "Decimal comma: 1.234,56"}

SIGN = r"[+\-\u2212]?"
EXPONENT = r"(?:[eE][+-]?\d{1,2})?"
GROUP = r"[ \u00a0\u202f'\u2019]"
STYLES = {
    name: re.compile(
        rf"(?:\d{{1,3}}(?:{group}\d{{2,3}})*{group}\d{{3}}|\d{{1,3}}(?:{GROUP}\d{{3}})+|\d+)"
        rf"(?:{point}\d*)?{EXPONENT}|{point}\d+{EXPONENT}",
        re.ASCII,
    )
    for name, group, point in (("dot", ",", r"\."), ("comma", r"\.", ","))
}
WRAPPING = re.compile(
    rf"(?P<open>\()?(?P<s1>{SIGN})\s*(?:[€$£¥₹₩]|[A-Z]{{3}}\b)?\s*(?P<s2>{SIGN})\s*"
    r"(?P<core>[\d.,][\d.,eE+\- \u00a0\u202f'\u2019]*?)\s*(?:[€$£¥₹₩%]|[A-Z]{3})?\s*(?P<s3>-)?(?(open)\))"
)
PLAIN = re.compile(r"-?(?:0|[1-9]\d{0,17})", re.ASCII)
# Cheap, over the joined cells of a column: does anything look like a number at all?
LIKELY = re.compile(
    r"^[ \t(+\-\u2212€$£¥₹₩]{0,4}(?:[A-Z]{3} ?)?[+\-\u2212]?[.,]?\d[\d.,'\u2019 \u00a0\u202f]*(?:[eE][+-]?\d+)?"
    r"(?: ?[€$£¥₹₩%]| ?[A-Z]{3})?\)?-?[ \t]*$",
    re.MULTILINE,
)
ALL_PLAIN = re.compile(r"^-?\d{1,18}$", re.MULTILINE | re.ASCII)


@dataclass
class NumberEvidence:
    """What the cells of one column say about their numbers; add all blocks, then ask for the verdict."""

    point: Sighting = field(default_factory=Sighting)
    comma: Sighting = field(default_factory=Sighting)
    either: Sighting = field(default_factory=Sighting)
    plain: int = 0

    def add(self, texts: Iterable[str], rows_of: Callable[[str], list[int]]) -> None:
        """Take in the distinct texts of a block; ``rows_of`` finds the rows that hold one."""
        for text in texts:
            dot, comma = _value(text, "dot"), _value(text, "comma")
            if dot is None and comma is None:
                continue
            if dot == comma:
                self.plain += 1
            elif comma is None:
                rows = rows_of(text)
                self.point.add(rows, len(rows))
            elif dot is None:
                rows = rows_of(text)
                self.comma.add(rows, len(rows))
            else:
                rows = rows_of(text)
                self.either.add(rows, len(rows))

    def verdict(self) -> dict[str, Any] | None:
        """Return ``state`` (sure, ambiguous, mixed), ``format`` and what to say; None where there are no numbers."""
        hits = self.plain + self.point.cells + self.comma.cells + self.either.cells
        if not hits:
            return None
        if self.point.cells and self.comma.cells:
            return {
                "state": "mixed",
                "format": "",
                "hits": hits,
                "detail": f"The column mixes numbers with a decimal point ({_rows(self.point)}) and with a decimal "
                f"comma ({_rows(self.comma)}). Write them all in one way and upload the file again.",
                "rows": sorted((self.point if self.point.cells <= self.comma.cells else self.comma).rows),
            }
        if self.point.cells:
            detail = f"Decimal point: {_rows(self.point, 1)} can't be read otherwise."
            return {"state": "sure", "format": "dot", "hits": hits, "detail": detail}
        if self.comma.cells:
            detail = f"Decimal comma: {_rows(self.comma, 1)} can't be read otherwise."
            return {"state": "sure", "format": "comma", "hits": hits, "detail": detail}
        if self.either.cells:
            detail = f"No cell says whether 1.234 is a thousand or one and a bit ({_rows(self.either, 1)})."
            return {"state": "ambiguous", "format": "", "hits": hits, "detail": detail}
        return {"state": "sure", "format": "dot", "hits": hits, "detail": "Whole numbers."}


def _value(text: str, style: str) -> Decimal | None:
    text = text.strip()
    match = WRAPPING.fullmatch(text) if len(text) <= LONGEST else None
    if match is None or not STYLES[style].fullmatch(match["core"]):
        return None
    digits = re.sub(GROUP, "", match["core"])
    digits = digits.replace(",", "") if style == "dot" else digits.replace(".", "").replace(",", ".")
    signs = [sign for sign in (match["s1"], match["s2"], match["s3"], match["open"]) if sign and sign != "+"]
    if len(signs) > 1:
        return None
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return None
    return -number if signs else number


def parse_number(text: str, style: str) -> Decimal:
    """Read a number with decimal point (``dot``) or ``comma``; signs of currency and per cent are dropped.

    Raises ValueError with a sentence for whoever mends the row.
    """
    if PLAIN.fullmatch(text):
        return Decimal(text)
    number = _value(text, style)
    if number is None:
        raise ValueError(
            f"wrong_format|“{text[:60]}” is no number written like {FORMATS[style].partition(': ')[2]}."
        )
    return number
