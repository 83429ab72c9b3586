"""What the invoices of a line come to, whatever becomes of its contract on the way."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finance.billing.charging import Billed, Charged, Line, Piece, Span, Stretch, pieces
from finance.billing.cycles import Cycle, Plan
from finance.billing.proration import Price

START = date(2026, 1, 1)
ALWAYS = Charged([Stretch(START, date.max, 1)])


def line(amount: str, start: date = START, end: date | None = None, period: str = "month") -> Line:
    return Line(start, end, Price(Decimal(amount), period, start, "EUR"))


def months(until: date, **more: object) -> list[Cycle]:
    return list(Plan("monthly", START, **more).cycles(until))  # type: ignore[arg-type]


def said(found: list[Piece]) -> list[tuple[str, str, str]]:
    return [(f"{piece.start:%d.%m.}", f"{piece.end:%d.%m.}", str(piece.net)) for piece in found]


def test_a_line_that_begins_and_ends_within_months_is_charged_by_days() -> None:
    held = line("31", date(2026, 1, 11), date(2026, 3, 2))
    found = list(pieces(held, ALWAYS, months(date(2026, 3, 1)), Billed()))
    assert said(found) == [
        ("11.01.", "01.02.", "21.00"),
        ("01.02.", "01.03.", "31.00"),
        ("01.03.", "02.03.", "1.00"),
    ]


def test_a_price_that_fell_after_issue_comes_back_with_the_next_invoice() -> None:
    billed = Billed({(date(2026, 1, 1), date(2026, 2, 1)): Decimal("100.00")})
    found = list(pieces(line("80"), ALWAYS, months(date(2026, 2, 1))[1:], billed))
    assert said(found) == [("01.01.", "01.02.", "-20.00"), ("01.02.", "01.03.", "80.00")]
    assert [piece.is_correction for piece in found] == [True, False]


def test_a_line_that_ended_early_gives_the_days_after_back() -> None:
    billed = Billed({(date(2026, 1, 1), date(2026, 2, 1)): Decimal("31.00")})
    found = list(pieces(line("31", end=date(2026, 1, 11)), ALWAYS, months(date(2026, 2, 1))[1:], billed))
    assert said(found) == [("01.01.", "01.02.", "-21.00")]


def test_a_line_that_turns_out_to_have_begun_earlier_is_charged_for_those_days() -> None:
    billed = Billed({(date(2026, 1, 11), date(2026, 2, 1)): Decimal("21.00")})
    found = list(pieces(line("31"), ALWAYS, months(date(2026, 2, 1))[1:], billed))
    assert said(found) == [("01.01.", "11.01.", "10.00"), ("01.02.", "01.03.", "31.00")]


def test_a_deleted_line_is_given_back_whole() -> None:
    billed = Billed({(date(2026, 1, 1), date(2026, 2, 1)): Decimal("31.00")})
    gone = Line(START, None, None)
    assert said(list(pieces(gone, ALWAYS, months(date(2026, 2, 1))[1:], billed))) == [
        ("01.01.", "01.02.", "-31.00")
    ]


def test_what_another_payer_was_charged_is_neither_charged_nor_corrected() -> None:
    billed = Billed(others=[(date(2026, 1, 1), date(2026, 2, 1))])
    assert said(list(pieces(line("31"), ALWAYS, months(date(2026, 2, 1)), billed))) == [
        ("01.02.", "01.03.", "31.00")
    ]


def test_a_bill_that_was_thrown_away_comes_with_the_next_in_its_own_words() -> None:
    found = list(pieces(line("31"), ALWAYS, months(date(2026, 2, 1))[1:], Billed()))
    assert said(found) == [("01.01.", "01.02.", "31.00"), ("01.02.", "01.03.", "31.00")]
    assert {piece.cycle.start for piece in found} == {date(2026, 2, 1)}


def test_what_is_charged_for_a_year_isn_t_charged_again_when_invoices_come_monthly() -> None:
    year = (START, date(2027, 1, 1))
    billed = Billed({year: Decimal("1200.00")})
    plan = Plan("monthly", date(2026, 7, 1))
    stretches = [Stretch(START, date(2026, 7, 1), 1), Stretch(date(2026, 7, 1), date.max, 1)]
    found = list(pieces(line("100"), Charged(stretches), list(plan.cycles(date(2027, 1, 1))), billed))
    assert said(found) == [("01.01.", "01.02.", "100.00")]
    assert found[0].start == date(2027, 1, 1)


amounts = st.decimals(min_value=0, max_value=10_000, places=2)
days = st.integers(min_value=0, max_value=800).map(lambda number: START + timedelta(days=number))
lines = st.builds(
    lambda amount, period, start, length, is_gone: Line(
        start,
        None if length is None else start + timedelta(days=1 if period == "one_off" else length),
        None if is_gone else Price(amount, period, start, "EUR"),
    ),
    amounts,
    st.sampled_from(["day", "week", "month", "quarter", "half_year", "year", "one_off"]),
    days,
    st.none() | st.integers(min_value=1, max_value=700),
    st.booleans(),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    said=st.lists(lines, min_size=1, max_size=5),
    schedule=st.sampled_from(["monthly", "quarterly", "annual"]),
    timing=st.sampled_from(["advance", "arrears"]),
    bill_days=st.lists(st.integers(min_value=1, max_value=31), min_size=1, max_size=3),
    thrown=st.sets(st.integers(min_value=0, max_value=30)),
)
def test_all_invoices_of_a_line_come_to_what_its_contract_says_last(
    said: list[Line], schedule: str, timing: str, bill_days: list[int], thrown: set[int]
) -> None:
    """The contract says something else each half year; invoices are issued as they fall due, and some thrown away."""
    turns = [START + timedelta(days=400 * number) for number in range(len(bill_days))]
    ends = [*turns[1:], None]
    stretches = [
        Stretch(start, end or date.max, day) for start, end, day in zip(turns, ends, bill_days, strict=True)
    ]
    plans = [
        Plan(schedule, start, end, day, 1, timing)
        for start, end, day in zip(turns, ends, bill_days, strict=True)
    ]
    # A line is one thing throughout its life: what is told last has the first's beginning of a price.
    issued: dict[Span, Decimal] = defaultdict(Decimal)
    done: set[date] = set()
    until = START
    for number in range(12):
        until = START + timedelta(days=120 * (number + 1))
        held = said[min(number, len(said) - 1)]
        cycles = [cycle for plan in plans for cycle in plan.cycles(until) if cycle.start not in done]
        done |= {cycle.start for place, cycle in enumerate(cycles) if place in thrown}
        open_ = [cycle for cycle in cycles if cycle.start not in done]
        for piece in list(pieces(held, Charged(stretches), open_, Billed(dict(issued)))):
            issued[piece.start, piece.end] += piece.net
        done |= {cycle.start for cycle in open_}
    last = [cycle for plan in plans for cycle in plan.cycles(until + timedelta(days=800))]
    last = [cycle for cycle in last if cycle.start not in done]
    assert last, "there is always a next invoice"
    for piece in list(pieces(said[-1], Charged(stretches), last, Billed(dict(issued)))):
        issued[piece.start, piece.end] += piece.net
    horizon = max(cycle.end for cycle in last)
    for one, two in pairwise(sorted(issued)):
        assert one[1] <= two[0], "no day is charged twice"
    told = said[-1].value(START, max([horizon, *(end for _, end in issued)]), stretches)
    assert sum(issued.values(), Decimal(0)) == told
