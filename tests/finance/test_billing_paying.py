"""Which payer is charged for which days, through any series of arrangements of an account and its billing parent."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from finance.billing.charging import Billed, Charged, Line, Span, pieces
from finance.billing.paying import Payer, payer_on, stretches_by_payer
from finance.billing.proration import Price
from finance.models import BillingArrangement

START = date(2026, 1, 1)
PARENT, DIVISION = Account(pk=1, name="Acme"), Account(pk=2, name="North", billing_parent_id=1)
SCHEDULES = ("monthly", "quarterly", "annual", "elsewhere", "milestones")


def version(starts_on: date, schedule: str = "monthly", **more: object) -> BillingArrangement:
    return BillingArrangement(starts_on=starts_on, schedule=schedule, **more)


def test_a_day_is_charged_to_the_parent_where_its_invoices_are_consolidated_else_to_the_account() -> None:
    march, june = date(2026, 3, 1), date(2026, 6, 1)
    parent = Payer(PARENT, [version(march, is_consolidated=True), version(june)])
    own = Payer(DIVISION, [version(START, bill_day=5)])
    found = stretches_by_payer(DIVISION, {1: parent, 2: own})
    assert [(one.start, one.end) for one in found[1]] == [(march, june)]
    assert [(one.start, one.end) for one in found[2]] == [(START, march), (june, date.max)]
    assert {one.bill_day for one in found[2]} == {5}
    assert payer_on(DIVISION, march, {1: parent, 2: own}) is parent
    assert payer_on(DIVISION, june, {1: parent, 2: own}) is own
    assert payer_on(DIVISION, START, {1: parent}) is None


def test_where_another_system_makes_the_parents_consolidated_invoices_nobody_is_charged_here() -> None:
    parent = Payer(PARENT, [version(START, "elsewhere", is_consolidated=True)])
    found = stretches_by_payer(DIVISION, {1: parent, 2: Payer(DIVISION, [version(START)])})
    assert found == {1: [], 2: []}


days = st.integers(min_value=0, max_value=1_000).map(lambda number: START + timedelta(days=number))
versions = st.lists(
    st.builds(
        version,
        days,
        st.sampled_from(SCHEDULES),
        is_consolidated=st.booleans(),
        bill_day=st.sampled_from([1, 15, 31]),
        timing=st.sampled_from(["advance", "arrears"]),
    ),
    max_size=4,
).map(lambda held: sorted(held, key=lambda one: one.starts_on))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    parents=versions,
    own=versions,
    amounts=st.lists(st.decimals(min_value=1, max_value=999, places=2), min_size=1, max_size=4),
    begins=days,
    length=st.none() | st.integers(min_value=1, max_value=900),
)
def test_no_day_is_charged_twice_and_all_invoices_come_to_what_is_charged_to_anybody(
    parents: list[BillingArrangement],
    own: list[BillingArrangement],
    amounts: list[Decimal],
    begins: date,
    length: int | None,
) -> None:
    """Invoices of both are issued as they fall due, while the price changes."""
    payers = {1: Payer(PARENT, parents), 2: Payer(DIVISION, own)}
    found = stretches_by_payer(DIVISION, payers)
    anybody = sorted((one for each in found.values() for one in each), key=lambda one: one.start)
    for one, two in pairwise(anybody):
        assert one.end <= two.start
    issued: dict[int, dict[Span, Decimal]] = {1: defaultdict(Decimal), 2: defaultdict(Decimal)}
    done: set[tuple[int, date]] = set()
    end = None if length is None else begins + timedelta(days=length)
    for number in range(20):
        until = START + timedelta(days=75 * (number + 1))
        amount = amounts[min(number // 4, len(amounts) - 1)]
        line = Line(begins, end, Price(amount, "month", begins, "EUR"))
        for key in (1, 2):
            cycles = [cycle for cycle, _ in payers[key].cycles(until) if (key, cycle.start) not in done]
            billed = Billed(dict(issued[key]), sorted(issued[3 - key]))
            for piece in list(pieces(line, Charged(found[key], anybody), cycles, billed)):
                issued[key][piece.start, piece.end] += piece.net
            done |= {(key, cycle.start) for cycle in cycles}
    spans = sorted([*issued[1], *issued[2]])
    for first, second in pairwise(spans):
        assert first[1] <= second[0], "no day is charged twice"
    last = Line(begins, end, Price(amount, "month", begins, "EUR"))
    covered = START + timedelta(days=75 * 18)
    for key, held in ((1, parents), (2, own)):
        if held and held[-1].schedule == "monthly":
            for span, net in issued[key].items():
                assert net == last.value(*span, anybody), "what changed is put right"
        if any(one.schedule == "annual" for one in held):
            continue  # a year in arrears may lie ahead
        for stretch in found[key]:
            first = max(stretch.start, begins)
            until = min(stretch.end, covered, end or date.max)
            told = sum(max((min(one, until) - max(each, first)).days, 0) for each, one in spans)
            assert told == max((until - first).days, 0), "no day is lost"
