"""What follows when invoices and payments arrive: lines, totals, corrections, and what settles what."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper
from psycopg import sql

from common.sql import load_sql
from finance.invoices.settling import lock_allocations, settle_concerned
from sync.declarations import Effect


def _note_before(cursor: CursorWrapper) -> None:
    cursor.execute(load_sql("finance", "invoices/before"))


def _write_lines(cursor: CursorWrapper) -> None:
    steps = ("lines", "lines_write", "lines_gone", "totals", "disputes_end")
    for step in (*steps, "corrections_found", "corrections_withdrawn", "corrections_credited"):
        cursor.execute(load_sql("finance", f"invoices/{step}"))
    _follow_payers(cursor, by_payment=False)
    lock_allocations()
    cursor.execute(load_sql("finance", "invoices/concerned_by_invoices"))
    settle_concerned(cursor)
    cursor.execute("DROP TABLE finance_before, finance_lines")


def _settle_payments(cursor: CursorWrapper) -> None:
    _follow_payers(cursor, by_payment=True)
    lock_allocations()
    cursor.execute(load_sql("finance", "invoices/concerned_by_payments"))
    settle_concerned(cursor)


def _follow_payers(cursor: CursorWrapper, *, by_payment: bool) -> None:
    cursor.execute(load_sql("finance", "invoices/payers", by_payment=sql.Literal(by_payment)))


write_lines_of_invoices = Effect(_write_lines, prepare=_note_before)
settle_by_payments = Effect(_settle_payments)
