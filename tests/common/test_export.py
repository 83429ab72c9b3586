"""Files of lists: every value as it is, nothing that runs, nothing that may not be read."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from common.export import (
    FORMULA_STARTS,
    Column,
    Table,
    csv_lines,
    ndjson_lines,
    original_text,
    safe_text,
    table_of,
    workbook,
)

ROW: list[Any] = [
    "=1+1",
    -3,
    Decimal("-12345678901.50"),
    date(2026, 4, 3),
    datetime(2026, 4, 3, 10, 30, tzinfo=UTC),
    True,
    ["a", "b"],
    None,
    "secret",
]
NAMES = ("text", "whole", "amount", "day", "moment", "flag", "list", "nothing", "closed")


def table(rows: list[list[Any]] | None = None) -> Table:
    columns = [Column(name, name.capitalize(), name != "closed") for name in NAMES]
    return Table("things", columns, [ROW] if rows is None else rows)


def test_csv_holds_exact_digits_iso_dates_and_no_formula() -> None:
    text = "".join(csv_lines(table()))
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows == [
        [name.capitalize() for name in NAMES],
        [
            "'=1+1",
            "-3",
            "-12345678901.50",
            "2026-04-03",
            "2026-04-03T10:30:00+00:00",
            "yes",
            "a; b",
            "",
            "redacted",
        ],
    ]
    assert not "".join(csv_lines(table(), bom=False)).startswith("\ufeff")


def test_ndjson_leaves_out_what_may_not_be_read_and_names_it() -> None:
    (line,) = ndjson_lines(table())
    assert json.loads(line) == {
        "text": "=1+1",
        "whole": -3,
        "amount": "-12345678901.50",
        "day": "2026-04-03",
        "moment": "2026-04-03T10:30:00+00:00",
        "flag": True,
        "list": ["a", "b"],
        "nothing": None,
        "redacted": ["closed"],
    }


def test_a_workbook_keeps_types_and_runs_nothing() -> None:
    file = workbook(table())
    book = CalamineWorkbook.from_filelike(file)
    heading, row = book.get_sheet_by_index(0).to_python()
    assert heading == [name.capitalize() for name in NAMES]
    assert row == [
        "=1+1",
        -3,
        -12345678901.5,
        date(2026, 4, 3),
        datetime(2026, 4, 3, 10, 30),  # noqa: DTZ001 - a sheet knows no zones
        True,
        "a; b",
        "",
        "redacted",
    ]


def test_a_sheet_takes_long_texts_large_numbers_and_old_days(tmp_path: Path) -> None:
    rows = [["x" * 40_000, 10**17, Decimal(1), date(1850, 1, 1), None, False, [], None, None]]
    (row,) = CalamineWorkbook.from_filelike(workbook(table(rows))).get_sheet_by_index(0).to_python()[1:]
    assert (len(row[0]), row[1], row[3]) == (32_767, "100000000000000000", "1850-01-01")


@given(st.text(max_size=30))
def test_texts_are_harmless_and_come_back(text: str) -> None:
    safe = safe_text(text)
    is_number = safe == text and text[:1] in ("+", "-")
    assert is_number or not safe.startswith(FORMULA_STARTS)
    if not text.startswith("'"):
        assert original_text(safe) == text


@pytest.mark.parametrize("text", ["-1", "+49", "-1,5", "-1.234,50"])
def test_numbers_stay_numbers(text: str) -> None:
    assert safe_text(text) == text


@pytest.mark.parametrize("text", ["-1+cmd|' /C calc'!A0", "+SUM(A1)", "-2+3", "=1", "@x", "\t=1", "\r=1"])
def test_what_only_begins_like_a_number_is_no_number(text: str) -> None:
    assert safe_text(text) == f"'{text}"


def test_a_table_of_anything() -> None:
    made = table_of(
        "pairs", [(1, "a")], [("n", "Number", lambda each: each[0]), ("t", "Text", lambda each: each[1])]
    )
    assert list(made.rows) == [[1, "a"]]
    assert [column.label for column in made.columns] == ["Number", "Text"]
