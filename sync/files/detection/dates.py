"""How the dates of a column are written.

03/04/2026 may be either; so every cell of the column is read both ways, and only cells that can't be read one
way prove the other. Proof of both ways in one column means that the column mixes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

FORMATS = {
    "dmy": "Day first: 31/12/2026",
    "mdy": "Month first: 12/31/2026",
    "ymd": "Year first: 2026-12-31",
    "named": "Month by name: 31 Dec 2026",
    "compact": "Eight digits: 20261231",
    "serial": "Excel day numbers: 46387",
    "serial1904": "Excel day numbers from 1904: 44925",
}
ROWS_NAMED = 20
# Longer than any date or number is written. On a long run of blanks the patterns would take the length to the third.
LONGEST = 80

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero gennaio januari",
            "feb february februar février fevrier febrero febbraio februari fév fev",
            "mar march märz maerz mrz mars marzo maart mär",
            "apr april avril abril aprile avr abr",
            "may mai mayo maggio mei",
            "jun june juni juin junio giugno",
            "jul july juli juillet julio luglio juil",
            "aug august août aout agosto augustus aoû",
            "sep sept september septembre septiembre settembre",
            "oct october oktober octobre octubre ottobre okt",
            "nov november novembre noviembre",
            "dec december dezember décembre decembre diciembre dicembre dez déc dic",
        ),
        start=1,
    )
    for name in names.split()
}
TIME = (
    r"(?:(?:T|,?\s+)(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,6})\d*)?)?"
    r"\s*(?P<ap>[AaPp]\.?[Mm]\.?)?\s*(?P<z>Z|UTC|[+-]\d{2}:?\d{2})?)?"
)
NUMERIC = re.compile(
    r"(?P<a>\d{1,4})(?P<sep>[-/.]|\. ?)(?P<b>\d{1,2})(?P=sep)(?P<c>\d{1,4})" + TIME, re.ASCII
)
DAY_MONTH = re.compile(
    r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?[-/. ]\s*(?P<m>[^\W\d_]{3,10})\.?[-/., ]\s*(?P<y>\d{4}|\d{2})" + TIME
)
MONTH_DAY = re.compile(r"(?P<m>[^\W\d_]{3,10})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})" + TIME)
COMPACT = re.compile(r"(?:19|20)\d{6}", re.ASCII)
SERIAL = re.compile(r"\d{1,7}(?:[.,]\d+)?", re.ASCII)
# Cheap, over the joined cells of a column: does anything look like a date at all?
LIKELY = re.compile(
    r"^[ \t]*(?:\d{1,4}[-/.] ?\d{1,2}[-/.]|(?:19|20)\d{6}[ \t]*$|\d{1,2}(?:st|nd|rd|th|\.)?[-/. ] *[^\W\d_]{3}"
    r"|[^\W\d_]{3,10}\.?[ ]+\d{1,2}(?:st|nd|rd|th)?,?[ ]+\d{4})",
    re.MULTILINE,
)
EPOCH = {"serial": date(1899, 12, 30), "serial1904": date(1904, 1, 1)}
LAST_SERIAL = 2_958_465  # 31 Dec 9999
OLDEST_SHORT_YEAR = 69  # 69 to 99 are 1969 to 1999, as POSIX has it


@dataclass(slots=True)
class Sighting:
    """Cells of one kind: how many, and the rows of the first."""

    cells: int = 0
    rows: list[int] = field(default_factory=list)

    def add(self, rows: Iterable[int], cells: int = 1) -> None:
        """Note cells of this kind."""
        self.cells += cells
        if len(self.rows) < ROWS_NAMED:
            self.rows += list(rows)[: ROWS_NAMED - len(self.rows)]


@dataclass
class DateEvidence:
    """What the cells of one column say about their dates; add all blocks, then ask for the verdict."""

    day_first: Sighting = field(default_factory=Sighting)
    month_first: Sighting = field(default_factory=Sighting)
    either: Sighting = field(default_factory=Sighting)
    shapes: dict[str, Sighting] = field(default_factory=dict)
    real: Sighting = field(default_factory=Sighting)

    def add(self, texts: Iterable[str], rows_of: Callable[[str], list[int]]) -> None:
        """Take in the distinct texts of a block; ``rows_of`` finds the rows that hold one."""
        for text in texts:
            seen = _shape(text)
            if seen is None:
                continue
            shape, readings = seen
            rows = rows_of(text)
            self.shapes.setdefault(shape, Sighting()).add(rows, len(rows))
            if shape not in ("ymd", "named", "compact"):
                dmy, mdy = readings
                if dmy is not None and mdy is None:
                    self.day_first.add(rows, len(rows))
                elif mdy is not None and dmy is None:
                    self.month_first.add(rows, len(rows))
                elif dmy is not None and dmy != mdy:
                    self.either.add(rows, len(rows))

    def verdict(self) -> dict[str, Any] | None:
        """Return ``state`` (sure, ambiguous, mixed), ``format`` and what to say; None where there are no dates."""
        if not self.shapes:
            return {"state": "sure", "format": "ymd", "detail": "Real dates."} if self.real.cells else None
        hits = sum(seen.cells for seen in self.shapes.values()) + self.real.cells
        if mixed := self._mixed():
            return {"state": "mixed", "format": "", "hits": hits, **mixed}
        shape = next(iter(self.shapes))
        if shape in ("ymd", "named", "compact"):
            return {"state": "sure", "format": shape, "hits": hits, "detail": FORMATS[shape]}
        if self.day_first.cells:
            return {
                "state": "sure",
                "format": "dmy",
                "hits": hits,
                "detail": _proof(self.day_first, "day first"),
            }
        if self.month_first.cells:
            detail = _proof(self.month_first, "month first")
            return {"state": "sure", "format": "mdy", "hits": hits, "detail": detail}
        if self.either.cells:
            detail = f"No cell says whether day or month comes first (row {self.either.rows[0]} and others)."
            if self.either.cells == 1:
                detail = f"Row {self.either.rows[0]} doesn't say whether day or month comes first."
            return {"state": "ambiguous", "format": "", "hits": hits, "detail": detail}
        return {
            "state": "sure",
            "format": "dmy",
            "hits": hits,
            "detail": "Day and month are the same in each.",
        }

    def _mixed(self) -> dict[str, Any] | None:
        if self.day_first.cells and self.month_first.cells:
            first, second = (self.day_first, "day first"), (self.month_first, "month first")
        elif len(self.shapes) > 1:
            ordered = sorted(self.shapes.items(), key=lambda item: -item[1].cells)
            first, second = ((seen, f"as {_example(shape)}") for shape, seen in ordered[:2])
        elif self.real.cells and not {"ymd", "named"} & self.shapes.keys():
            shape, seen = next(iter(self.shapes.items()))
            first, second = (self.real, "as real dates"), (seen, f"as text {_example(shape)}")
        else:
            return None
        (one, how), (other, how_else) = first, second
        return {
            "detail": f"The column mixes dates written {how} ({_rows(one)}) and {how_else} ({_rows(other)}). "
            "Write them all in one way, best as 2026-12-31, and upload the file again.",
            "rows": sorted((one if one.cells <= other.cells else other).rows),
        }


def _proof(seen: Sighting, order: str) -> str:
    return f"{order.capitalize()}: {_rows(seen, 1)} can't be read otherwise."


def _rows(seen: Sighting, most: int = ROWS_NAMED) -> str:
    shown = ", ".join(map(str, seen.rows[:most]))
    more = " and others" if seen.cells > len(seen.rows[:most]) else ""
    return f"row{'s' if len(seen.rows[:most]) > 1 or more else ''} {shown}{more}"


def _example(shape: str) -> str:
    if shape in ("ymd", "named", "compact"):
        return {"ymd": "2026-12-31", "named": "31 Dec 2026", "compact": "20261231"}[shape]
    sep, _, digits = shape.partition("|")
    return sep.join(("31", "12", "2026" if digits == "4" else "26"))


def _shape(text: str) -> tuple[str, tuple[date | None, date | None]] | None:
    """Return how a text is written as a date, with its readings day first and month first."""
    text = text.strip()
    if len(text) > LONGEST:
        return None
    if match := NUMERIC.fullmatch(text):
        if len(match["a"]) == 4:
            return ("ymd", (None, None)) if _ymd(match) else None
        if len(match["a"]) == 3 or len(match["c"]) not in (2, 4):
            return None
        dmy, mdy = _day(match["c"], match["b"], match["a"]), _day(match["c"], match["a"], match["b"])
        if dmy is None and mdy is None:
            return None
        return f"{match['sep'].strip()}|{len(match['c'])}", (dmy, mdy)
    if COMPACT.fullmatch(text):
        return ("compact", (None, None)) if _day(text[:4], text[4:6], text[6:]) else None
    if _named(text) is not None:
        return "named", (None, None)
    return None


def _ymd(match: re.Match[str]) -> date | None:
    return _day(match["a"], match["b"], match["c"]) if len(match["c"]) <= 2 else None


def _day(year: str, month: str, day: str) -> date | None:
    number = int(year)
    if len(year) == 2:
        number += 1900 if number >= OLDEST_SHORT_YEAR else 2000
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None


def _named(text: str) -> tuple[date, re.Match[str]] | None:
    match = DAY_MONTH.fullmatch(text) or MONTH_DAY.fullmatch(text)
    if match is None:
        return None
    month = MONTHS.get(match["m"].lower())
    day = _day(match["y"], str(month), match["d"]) if month else None
    return (day, match) if day else None


def parse_moment(text: str, format_: str, zone: ZoneInfo) -> datetime:
    """Read a date with or without a time of day, written in ``format_``; without an offset it is ``zone``'s.

    Raises ValueError with a sentence for whoever mends the row.
    """
    text = text.strip()
    day, match = _read(text, format_)
    if day is None:
        expected = FORMATS[format_].partition(": ")[2] if format_ else "2026-12-31"
        raise ValueError(f"wrong_format|“{text[:60]}” is no date written like {expected}.")
    if isinstance(day, datetime):
        return day.replace(tzinfo=zone)
    if match is None or match["h"] is None:
        return datetime(day.year, day.month, day.day, tzinfo=zone)
    hour = int(match["h"])
    if match["ap"]:
        if not 1 <= hour <= 12:
            raise ValueError(f"wrong_format|“{text[:60]}” holds no time of day.")
        hour = hour % 12 + (12 if match["ap"][0] in "Pp" else 0)
    micro = int((match["f"] or "0").ljust(6, "0"))
    try:
        return datetime(
            day.year,
            day.month,
            day.day,
            hour,
            int(match["mi"]),
            int(match["s"] or 0),
            micro,
            tzinfo=_zone(match["z"], zone),
        )
    except ValueError:
        raise ValueError(f"wrong_format|“{text[:60]}” holds no time of day.") from None


def _read(text: str, format_: str) -> tuple[date | datetime | None, re.Match[str] | None]:
    if len(text) > LONGEST:
        return None, None
    if format_ in EPOCH:
        return _serial(text, EPOCH[format_]), None
    if format_ == "compact":
        return (_day(text[:4], text[4:6], text[6:]) if COMPACT.fullmatch(text) else None), None
    if format_ == "named":
        return _named(text) or (None, None)
    match = NUMERIC.fullmatch(text)
    if match is None:
        return None, None
    a, b, c = match["a"], match["b"], match["c"]
    if format_ in ("dmy", "mdy"):
        if len(a) > 2 or len(c) not in (2, 4):
            return None, None
        return (_day(c, b, a) if format_ == "dmy" else _day(c, a, b)), match
    return (_ymd(match) if len(a) == 4 else None), match


def _serial(text: str, epoch: date) -> datetime | None:
    if not SERIAL.fullmatch(text):
        return None
    number = float(text.replace(",", "."))
    if not 0 < number <= LAST_SERIAL:
        return None
    try:
        moment = datetime.combine(epoch, time()) + timedelta(days=number)
    except OverflowError:
        return None
    return moment.replace(microsecond=0) + timedelta(seconds=round(moment.microsecond / 1e6))


def _zone(text: str | None, zone: ZoneInfo) -> Any:
    if text is None:
        return zone
    if text in ("Z", "UTC"):
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
