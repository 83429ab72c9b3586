"""Invoices and payments as sources send them, and the form in which an invoice's lines are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

from django.db import models
from msgspec import UNSET, Meta, Struct, UnsetType

from finance.models import Invoice, InvoiceLine, RootCause
from sync.declarations import Record, Ref
from sync.normalise import Currency
from sync.pipeline.validate import FIRST_YEAR, decimal_check

Number = Annotated[str, Meta(min_length=1, max_length=128, extra_json_schema={"pattern": r"\S"})]
DayAfter = Annotated[date, Meta(description="First day after the period.")]
MOST_LINES = 1000


class InvoiceLineRecord(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One position of an invoice. Its total is ``net`` plus ``tax``; the invoice's totals are the sums of its lines."""

    description: Annotated[str, Meta(min_length=1, max_length=500)]
    net: Annotated[
        Decimal,
        Meta(description="Before tax, in the invoice's currency; negative for a discount. 4 decimals."),
    ]
    number: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=1_000_000,
                description="Keeps what is said of the line, such as a dispute, with it; by default its place.",
            ),
        ]
        | None
    ) = None
    account: Ref | None = None
    contract_line: Ref | None = None
    period_start: date | None = None
    period_end: DayAfter | None = None
    quantity: Decimal | None = None
    unit_amount: (
        Annotated[Decimal, Meta(description="For information: net covers the whole quantity.")] | None
    ) = None
    tax_percent: Annotated[Decimal, Meta(description="For information, from 0 to 100.")] | None = None
    tax: Annotated[Decimal, Meta(description="In money; by default none.")] | None = None


class InvoiceRecord(Record):
    """An invoice to an account, or a credit note. Whether it is paid follows from payments and credit notes."""

    account: Ref | UnsetType = UNSET
    number: Number | UnsetType = UNSET
    kind: Invoice.Kind | UnsetType | None = UNSET
    corrects: (
        Annotated[Ref | None, Meta(description="The invoice that a credit note takes its amount off.")]
        | UnsetType
    ) = UNSET
    root_cause: (
        Annotated[RootCause | None, Meta(description="Why a credit note was needed; goodwill is no fault.")]
        | UnsetType
    ) = UNSET
    status: (
        Annotated[Invoice.Status | None, Meta(description="By default issued. What is paid stays issued.")]
        | UnsetType
    ) = UNSET
    issued_on: date | UnsetType = UNSET
    due_on: (
        Annotated[date | None, Meta(description="Null: issued_on and the days agreed on.")] | UnsetType
    ) = UNSET
    currency: Currency | UnsetType = UNSET
    purchase_order: Annotated[str, Meta(max_length=128)] | UnsetType | None = UNSET
    period_start: date | UnsetType | None = UNSET
    period_end: DayAfter | UnsetType | None = UNSET
    lines: (
        Annotated[
            list[InvoiceLineRecord],
            Meta(
                max_length=MOST_LINES,
                description="All of them, each time; of a credit note positive as well.",
            ),
        ]
        | UnsetType
        | None
    ) = UNSET


class PaymentRecord(Record):
    """Money that came, or as a negative amount went back, for an invoice or else for an account."""

    invoice: (
        Annotated[Ref | None, Meta(description="What it pays; the payment is its account's then.")]
        | UnsetType
    ) = UNSET
    account: Annotated[Ref | None, Meta(description="Who paid, where no invoice is named.")] | UnsetType = (
        UNSET
    )
    paid_on: date | UnsetType = UNSET
    amount: (
        Annotated[Decimal, Meta(description="Negative for a refund, never zero; kept to 4 decimals.")]
        | UnsetType
    ) = UNSET
    currency: Currency | UnsetType = UNSET
    reference: Annotated[str, Meta(max_length=255)] | UnsetType | None = UNSET


def keep_lines(lines: list[InvoiceLineRecord]) -> list[InvoiceLineRecord]:
    """Return the lines in the order of their numbers, amounts to their places.

    Raises ValueError with the line's number in the sentence.
    """
    numbers = [line.number or place for place, line in enumerate(lines, start=1)]
    twice = [number for number, times in Counter(numbers).items() if times > 1]
    if twice:
        raise ValueError(f"taken|Two lines have the number {twice[0]}.")
    kept = sorted(
        (_keep_line(number, line) for number, line in zip(numbers, lines, strict=True)),
        key=lambda line: line.number or 0,
    )
    total = sum((line.net + (line.tax or 0) for line in kept), Decimal(0))
    _checked(_steps(Invoice, "total"), total, "The total")
    _checked(_steps(Invoice, "net"), sum((line.net for line in kept), Decimal(0)), "The total before tax")
    if total < 0:
        raise ValueError("negative|The lines come to less than nothing; send a credit note instead.")
    return kept


def _keep_line(number: int, line: InvoiceLineRecord) -> InvoiceLineRecord:
    where = f"Line {number}"
    if line.description.isspace():
        raise ValueError(f"too_short|{where}: description needs at least one visible character.")
    given: dict[str, Decimal | None] = {
        "net": line.net,
        "tax": Decimal(0) if line.tax is None else line.tax,
        "quantity": Decimal(1) if line.quantity is None else line.quantity,
        "unit_amount": line.unit_amount,
        "tax_percent": Decimal(0) if line.tax_percent is None else line.tax_percent,
    }
    amounts = {
        name: None if value is None else _checked(_steps(InvoiceLine, name), value, f"{where}, {name}")
        for name, value in given.items()
    }
    if not 0 <= (amounts["tax_percent"] or 0) <= 100:
        raise ValueError(f"out_of_range|{where}: tax_percent must lie between 0 and 100.")
    _checked(
        _steps(InvoiceLine, "total"), (amounts["net"] or 0) + (amounts["tax"] or 0), f"{where}, net and tax"
    )
    for day in (line.period_start, line.period_end):
        if day is not None and day.year <= FIRST_YEAR:
            raise ValueError(f"out_of_range|{where}: the year must be {FIRST_YEAR + 1} or later.")
    if line.period_start and line.period_end and line.period_end <= line.period_start:
        raise ValueError(f"not_after_start|{where}: period_end must be after period_start.")
    return InvoiceLineRecord(
        number=number,
        description=line.description,
        account=line.account,
        contract_line=line.contract_line,
        period_start=line.period_start,
        period_end=line.period_end,
        **amounts,  # type: ignore[arg-type]
    )


def _checked(check: Callable[[Decimal], Decimal], value: Any, where: str) -> Decimal:
    try:
        return check(Decimal(value))
    except ValueError as error:
        code, _, detail = str(error).rpartition("|")
        raise ValueError(f"{code}|{where}: {detail}") from error


@cache
def _steps(model: type[models.Model], name: str) -> Callable[[Decimal], Decimal]:
    field = model._meta.get_field(name)
    assert isinstance(field, models.DecimalField)
    return decimal_check(field)
