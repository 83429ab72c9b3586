"""Workbooks for tests, sound and otherwise."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import xlsxwriter


def workbook(rows: Sequence[Sequence[Any]], change: Callable[[Any, Any], None] | None = None) -> bytes:
    """Return an Excel workbook of one sheet; ``change`` may do more to the book and the sheet."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"remove_timezone": True, "default_date_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("Rows")
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            sheet.write(number, place, cell)
    if change:
        change(book, sheet)
    book.close()
    return file.getvalue()


def with_entry(book: bytes, name: str, text: bytes, change: Callable[[bytes], bytes] | None = None) -> bytes:
    """Return the workbook with one entry replaced or, by ``change``, rewritten."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            held = old.read(item.filename)
            if item.filename == name:
                held = change(held) if change else text
            new.writestr(item.filename, held)
    return file.getvalue()
