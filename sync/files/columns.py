"""What a column holds, judged from all of its cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from common.codes import countries, currencies
from sync.files.detection import dates, numbers
from sync.files.storage import Cell

SAMPLES = 4
LONGEST_SAMPLE = 80
HINTED_FROM = 500
LONGEST_ADDRESS = 320
# Two letters that happen to be a country's are found everywhere; several in a row are not.
FEWEST_CODES = 3
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
DOMAIN = re.compile(
    r"(?:https?://)?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}(?:[/:?#]\S*)?", re.IGNORECASE
)
CODE = {"country": re.compile(r"[A-Za-z]{2}"), "currency": re.compile(r"[A-Za-z]{3}")}


@dataclass
class ColumnJudge:
    """Takes in a column block by block; ``finding`` says what it is when all are in."""

    dates: dates.DateEvidence = field(default_factory=dates.DateEvidence)
    numbers: numbers.NumberEvidence = field(default_factory=numbers.NumberEvidence)
    filled: int = 0
    native: int = 0
    samples: list[str] = field(default_factory=list)
    hint: str = ""

    def add(self, rows: Sequence[int], cells: Sequence[Cell]) -> None:
        """Take in the cells of a block and the numbers of their rows."""
        distinct = dict.fromkeys(cells)
        texts = [cell for cell in distinct if type(cell) is str and cell and not cell.isspace()]
        self.filled += len(cells) - sum(cells.count(blank) for blank in distinct if blank_cell(blank))
        if len(texts) < len(distinct):
            self._add_native(rows, cells)
        if not self.samples:
            self._look(distinct, texts)
        if not texts:
            return

        def rows_of(text: str) -> list[int]:
            return [row for row, cell in zip(rows, cells, strict=True) if cell == text]

        short = [text for text in texts if len(text) <= dates.LONGEST]
        joined = "\n".join(short)
        if joined.count("\n") >= len(short):
            joined = "\n".join(text.replace("\n", " ") for text in short)
        if dates.LIKELY.search(joined):
            self.dates.add([text for text in short if dates.LIKELY.match(text)], rows_of)
        if len(numbers.ALL_PLAIN.findall(joined)) == len(short):
            self.numbers.plain += len(short)
        elif numbers.LIKELY.search(joined):
            self.numbers.add([text for text in short if numbers.LIKELY.match(text)], rows_of)

    def finding(self) -> dict[str, Any]:
        """Return what the column holds, as it is stored and shown."""
        date, number = self.dates.verdict(), self.numbers.verdict()
        if self.native and number is None:
            number = {"state": "sure", "format": "dot", "hits": self.native, "detail": "Real numbers."}
        return {
            "filled": self.filled,
            "samples": self.samples,
            "hint": self.hint,
            "dates": date,
            "numbers": number,
        }

    def _add_native(self, rows: Sequence[int], cells: Sequence[Cell]) -> None:
        for row, cell in zip(rows, cells, strict=True):
            if isinstance(cell, datetime):
                self.dates.real.add([row])
            elif isinstance(cell, int | float):
                self.native += 1

    def _look(self, distinct: dict[Cell, None], texts: list[str]) -> None:
        filled = [cell for cell in islice(distinct, HINTED_FROM) if not blank_cell(cell)]
        self.samples = [sample(cell) for cell in filled[:SAMPLES]]
        seen = [text.strip() for text in texts[:HINTED_FROM]]
        if not seen or len(seen) * 2 < len(filled):
            return
        for hint, known in (("country", countries()), ("currency", currencies())):
            if len(seen) >= FEWEST_CODES and all(
                CODE[hint].fullmatch(text) and text.upper() in known for text in seen
            ):
                self.hint = hint
                return
        for hint, pattern in (("email", EMAIL), ("domain", DOMAIN)):
            if sum(_fits(pattern, text) for text in seen) > len(seen) * 0.8:
                self.hint = hint
                return


def blank_cell(cell: Cell) -> bool:
    """Whether a cell holds nothing."""
    return cell is None or (type(cell) is str and (not cell or cell.isspace()))


def cell_text(cell: Cell) -> str:
    """Return a cell as text: a real date as ISO 8601, a number without an exponent where it is whole."""
    if type(cell) is str:
        return cell
    if isinstance(cell, datetime):
        at_midnight = not (cell.hour or cell.minute or cell.second)
        return cell.date().isoformat() if at_midnight else cell.replace(tzinfo=None).isoformat(" ")
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return "" if cell is None else str(cell)


def sample(cell: Cell) -> str:
    """Return a cell as it is shown; cut where it is long, without what a database can't keep."""
    text = cell_text(cell).replace("\x00", "\ufffd")
    return text if len(text) <= LONGEST_SAMPLE else f"{text[:LONGEST_SAMPLE]}…"


def looks_like_data(row: Sequence[Cell]) -> bool:
    """Whether a first row may hold values instead of headings."""
    for cell in row:
        if type(cell) is not str and cell is not None:
            return True
        text = str(cell).strip()
        if _fits(EMAIL, text):
            return True
        if 0 < len(text) <= dates.LONGEST and (dates.LIKELY.match(text) or numbers.LIKELY.match(text)):
            return True
    return False


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    # Longer than any address; the patterns try every way to cut a text.
    return len(text) <= LONGEST_ADDRESS and pattern.fullmatch(text) is not None
