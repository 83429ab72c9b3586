"""Statements as papers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from accounts.models import Account
from common.formatting import format_date
from finance.billing.agreed import recipients_of
from finance.billing.papers.paper import DASH, Grid, Paper, amount, lines_of
from finance.billing.papers.parties import (
    buyer_lines,
    footer_of,
    payment_facts,
    seller_lines,
    seller_name,
)
from finance.billing.seller.terms import particulars_of
from finance.billing.statements import Balance, Shares
from finance.models import SellerParticulars
from metrics.engine.plan import today


def statement_paper(account: Account, held: Sequence[Balance], start: date, end: date) -> Paper:
    """Return the statement of an account: movements, then open invoices, for each currency."""
    several = len(held) > 1
    grids = [grid for one in held for grid in (_movements(one, start, end, several), *_open(one, several))]
    unused = [f"{amount(one.unallocated, one.currency)}" for one in held if one.unallocated]
    return _paper(
        "Statement of account",
        account,
        start,
        end,
        grids,
        lines_of(
            [
                f"Of payments and credit notes {' and '.join(unused)} settle no invoice yet."
                if unused
                else "",
                "" if held else "Nothing was billed or paid until then.",
            ]
        ),
        is_to_pay=any(one.items for one in held),
    )


def divisions_paper(account: Account, held: Sequence[Shares], start: date, end: date) -> Paper:
    """Return what each division contributes to an account's invoices."""
    grids = [
        Grid(
            title=f"In {one.currency}" if len(held) > 1 else "",
            head=("Division", "Invoices", "Before tax", "Tax", "Total"),
            numeric=(False, True, True, True, True),
            rows=tuple(
                (
                    share.account.name,
                    f"{share.invoices}",
                    *(amount(value, one.currency) for value in (share.net, share.tax, share.total)),
                )
                for share in one.divisions
            ),
            totals=(
                (
                    f"All invoices of {account.name}",
                    "",
                    *(amount(value, one.currency) for value in (one.net, one.tax, one.total)),
                ),
            ),
        )
        for one in held
    ]
    return _paper(
        "Statement by division",
        account,
        start,
        end,
        grids,
        ("Credit notes are taken off.",) if held else ("Nothing was billed in this time.",),
    )


def _paper(
    title: str,
    account: Account,
    start: date,
    end: date,
    grids: Sequence[Grid],
    notes: tuple[str, ...],
    is_to_pay: bool = False,
) -> Paper:
    made_on = today()
    seller = particulars_of(SellerParticulars.objects.on(made_on))
    return Paper(
        title=title,
        author=seller_name(seller),
        subtitle=f"As of {format_date(made_on)}: names, addresses and amounts as they were known on that day",
        seller=seller_lines(seller),
        to=buyer_lines(account, recipients_of([account], end)[account.pk]),
        facts=(("From", format_date(start)), ("To", format_date(end)), ("As of", format_date(made_on))),
        grids=tuple(grids),
        notes=notes,
        payment=payment_facts(seller, "") if is_to_pay else (),
        footer=footer_of(seller, f"{title}, {account.name}"),
    )


def _movements(one: Balance, start: date, end: date, several: bool) -> Grid:
    rows = [(format_date(start), "Opening balance", "", "", "", amount(one.opening, one.currency))]
    rows += [
        (
            format_date(move.on),
            move.what,
            move.reference,
            amount(move.charged, one.currency) if move.charged else DASH,
            amount(move.settled, one.currency) if move.settled else DASH,
            amount(move.balance, one.currency),
        )
        for move in one.movements
    ]
    closing = (
        format_date(end),
        "Closing balance",
        "",
        amount(one.charged, one.currency),
        amount(one.settled, one.currency),
        amount(one.closing, one.currency),
    )
    return Grid(
        title=f"In {one.currency}" if several else "",
        head=("Day", "What", "Reference", "Charged", "Settled", "Balance"),
        numeric=(False, False, False, True, True, True),
        wide=(1, 2),
        rows=tuple(rows),
        totals=(closing,),
    )


def _open(one: Balance, several: bool) -> tuple[Grid, ...]:
    if not one.items:
        return ()
    return (
        Grid(
            title=f"Open invoices in {one.currency}" if several else "Open invoices",
            head=("Invoice", "Issued", "Due", "Total", "Open"),
            numeric=(False, False, False, True, True),
            rows=tuple(
                (
                    item.invoice.number,
                    format_date(item.invoice.issued_on),
                    f"{format_date(item.due_on)}{', overdue' if item.is_overdue else ''}",
                    amount(item.total, one.currency),
                    amount(item.open, one.currency),
                )
                for item in one.items
            ),
            totals=(("Open", "", "", "", amount(one.open, one.currency)),),
        ),
    )
