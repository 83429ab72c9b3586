"""The ledger of clocks: what it says of every kind of ticket, told again and told later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.calendars.hours import ALWAYS, Calendar, Hours, Span, business_minutes, open_time
from support.clocks.replay import Change, Entry, Fact, Happening, Kind, Metric, Target, replay

OFFICE = Calendar((Hours(ZoneInfo("Europe/Berlin"), tuple(Span(day, 540, 1020) for day in range(5))),))
FIRST, NEXT, RESOLUTION = Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE, Metric.RESOLUTION
OPENED = datetime(2026, 11, 23, 8, tzinfo=UTC)  # Monday 9:00 in Berlin
LATER = OPENED + timedelta(days=30)


def after(minutes: float) -> datetime:
    return OPENED + timedelta(minutes=minutes)


def fact(minutes: float, what: Happening) -> Fact:
    return Fact(after(minutes), what)


def promise(calendar: Calendar = ALWAYS, minutes: float = 0, cause: str = "opened", **targets: int) -> Change:
    return Change(
        after(minutes), cause, {Metric(name): Target(value, calendar) for name, value in targets.items()}
    )


def told(
    facts: Sequence[Fact], *changes: Change, metric: Metric = RESOLUTION, now: datetime = LATER
) -> list[tuple[float, Kind]]:
    ledger = replay(OPENED, facts, changes, now=now)
    return [((one.at - OPENED) / timedelta(minutes=1), one.kind) for one in ledger if one.metric == metric]


def test_a_reply_in_time_meets_the_first_response_and_one_at_the_very_moment_too() -> None:
    for minutes in (10, 60):
        ledger = told([fact(minutes, Happening.AGENT_REPLY)], promise(first_response=60), metric=FIRST)
        assert [ledger[0], ledger[-1]] == [(0, Kind.START), (minutes, Kind.MEET)]
        assert Kind.BREACH not in {kind for _, kind in ledger}
    assert told([fact(61, Happening.AGENT_REPLY)], promise(first_response=60), metric=FIRST) == [
        (0, Kind.START),
        (30, Kind.WARN),
        (45, Kind.WARN),
        (54, Kind.WARN),
        (60, Kind.BREACH),
        (61, Kind.STOP),
    ]


def test_waiting_does_not_pause_the_first_response() -> None:
    facts = [fact(5, Happening.WAITING), fact(500, Happening.WORKING)]
    assert told(facts, promise(first_response=60), metric=FIRST, now=after(60)) == [
        (0, Kind.START),
        (30, Kind.WARN),
        (45, Kind.WARN),
        (54, Kind.WARN),
        (60, Kind.BREACH),
    ]


def test_what_happened_before_the_opening_counts_from_it() -> None:
    assert told([fact(-5, Happening.AGENT_REPLY)], promise(first_response=60), metric=FIRST) == [
        (0, Kind.START),
        (0, Kind.MEET),
    ]


def test_what_is_solved_while_we_wait_does_not_go_on_first_and_a_late_clock_that_waits_has_no_due_time() -> (
    None
):
    facts = [fact(80, Happening.WAITING), fact(90, Happening.SOLVED)]
    assert told(facts, promise(resolution=1000)) == [
        (0, Kind.START),
        (80, Kind.PAUSE),
        (90, Kind.MEET),
    ]
    late = replay(OPENED, facts, [promise(resolution=60)], now=LATER)
    assert [(one.kind, one.due_at) for one in late][-3:] == [
        (Kind.BREACH, after(60)),
        (Kind.PAUSE, None),
        (Kind.STOP, None),
    ]


def test_a_change_that_changes_no_target_is_not_told_and_one_at_this_very_moment_is() -> None:
    same = promise(resolution=100), promise(minutes=10, cause="tier", resolution=100)
    assert told([], *same, now=after(20)) == [(0, Kind.START)]
    other = promise(resolution=100), promise(minutes=10, cause="tier", resolution=90)
    assert told([], *other, now=after(10)) == [(0, Kind.START), (10, Kind.RECOMPUTE)]


def test_what_happens_at_the_moment_of_a_change_is_told_once() -> None:
    changes = promise(resolution=100), promise(minutes=10, cause="tier", resolution=90)
    facts = [fact(10, Happening.WAITING), fact(20, Happening.WORKING)]
    assert told(facts, *changes, now=after(20)) == [
        (0, Kind.START),
        (10, Kind.RECOMPUTE),
        (10, Kind.PAUSE),
        (20, Kind.RESUME),
    ]


def test_a_solved_ticket_is_silent_and_its_first_response_runs_on_when_it_is_reopened() -> None:
    solved = [fact(10, Happening.SOLVED)]
    assert told(solved, promise(first_response=60), metric=FIRST) == [(0, Kind.START), (10, Kind.STOP)]
    reopened = [*solved, fact(100, Happening.WORKING)]
    assert told(reopened, promise(first_response=60), metric=FIRST) == [
        (0, Kind.START),
        (10, Kind.STOP),
        (100, Kind.RESUME),
        (100, Kind.BREACH),
    ]


def test_each_message_of_the_customer_after_the_first_answer_begins_a_run() -> None:
    facts = [
        fact(1, Happening.CUSTOMER_REPLY),
        fact(10, Happening.AGENT_REPLY),
        fact(20, Happening.CUSTOMER_REPLY),
        fact(25, Happening.CUSTOMER_REPLY),
        fact(70, Happening.AGENT_REPLY),
        fact(80, Happening.AGENT_REPLY),
        fact(90, Happening.CUSTOMER_REPLY),
        fact(95, Happening.SOLVED),
    ]
    ledger = [
        one for one in replay(OPENED, facts, [promise(next_response=60)], now=LATER) if one.metric == NEXT
    ]
    ends = [(one.cycle, (one.at - OPENED).seconds // 60, one.kind) for one in ledger if one.kind != Kind.WARN]
    assert ends == [
        (1, 20, Kind.START),
        (1, 70, Kind.MEET),
        (2, 90, Kind.START),
        (2, 95, Kind.STOP),
    ]


def test_resolution_pauses_while_we_wait_and_reopening_continues() -> None:
    facts = [
        fact(10, Happening.WAITING),
        fact(40, Happening.WORKING),
        fact(60, Happening.SOLVED),
        fact(100, Happening.WORKING),
    ]
    assert told(facts, promise(resolution=100)) == [
        (0, Kind.START),
        (10, Kind.PAUSE),
        (40, Kind.RESUME),
        (60, Kind.MEET),
        (100, Kind.RESUME),
        (120, Kind.WARN),
        (145, Kind.WARN),
        (160, Kind.WARN),
        (170, Kind.BREACH),
    ]


def test_what_is_solved_at_the_very_moment_is_in_time_and_late_at_once_when_reopened() -> None:
    facts = [fact(60, Happening.SOLVED)]
    assert told(facts, promise(resolution=60))[-1] == (60, Kind.MEET)
    reopened = [*facts, fact(200, Happening.WORKING)]
    assert told(reopened, promise(resolution=60))[-3:] == [
        (60, Kind.MEET),
        (200, Kind.RESUME),
        (200, Kind.BREACH),
    ]


def test_a_pause_shows_no_due_time_and_going_on_shows_the_one_moved_by_the_open_time_in_it() -> None:
    friday = datetime(2026, 11, 27, 15, 30, tzinfo=UTC)  # 16:30 in Berlin
    facts = [
        Fact(friday + timedelta(minutes=10), Happening.WAITING),
        Fact(friday + timedelta(days=3), Happening.WORKING),
    ]
    changes = [Change(OPENED, "opened", {RESOLUTION: Target(60, OFFICE)})]
    ledger = replay(friday, facts, changes, now=LATER)
    start, pause, resume = ledger[0], ledger[1], ledger[2]
    assert (start.due_at, pause.kind, pause.due_at) == (
        datetime(2026, 11, 30, 8, 30, tzinfo=UTC),
        Kind.PAUSE,
        None,
    )
    assert resume.kind == Kind.RESUME
    assert resume.due_at == datetime(2026, 12, 1, 8, 20, tzinfo=UTC)


def test_a_pause_outside_hours_changes_nothing() -> None:
    night = [fact(10 * 60, Happening.WAITING), fact(20 * 60, Happening.WORKING)]
    with_pause = told(night, promise(OFFICE, resolution=600))
    assert [one for one in with_pause if one[1] in (Kind.WARN, Kind.BREACH)] == [
        one for one in told([], promise(OFFICE, resolution=600)) if one[1] in (Kind.WARN, Kind.BREACH)
    ]


def test_a_change_counts_from_the_opening_and_keeps_the_pauses() -> None:
    facts = [fact(10, Happening.WAITING), fact(30, Happening.WORKING)]
    changes = promise(resolution=1000), promise(minutes=60, cause="priority", resolution=100)
    ledger = replay(OPENED, facts, changes, now=LATER)
    recomputed = next(one for one in ledger if one.kind == Kind.RECOMPUTE)
    assert (recomputed.cause, recomputed.due_at) == ("priority", after(120))
    assert told(facts, *changes)[-1] == (120, Kind.BREACH)


def test_a_target_that_has_passed_already_is_breached_at_the_change_and_a_longer_one_is_open_again() -> None:
    ledger = replay(
        OPENED,
        [],
        [promise(resolution=1000), promise(minutes=200, cause="tier", resolution=100)],
        now=after(900),
    )
    assert [(one.at, one.kind, one.cause) for one in ledger][1:] == [
        (after(200), Kind.RECOMPUTE, "tier"),
        (after(200), Kind.BREACH, "change"),
    ]
    again = told(
        [fact(240, Happening.SOLVED)],
        promise(resolution=100),
        promise(minutes=200, resolution=300),
    )
    assert again == [
        (0, Kind.START),
        (50, Kind.WARN),
        (75, Kind.WARN),
        (90, Kind.WARN),
        (100, Kind.BREACH),
        (200, Kind.RECOMPUTE),
        (225, Kind.WARN),
        (240, Kind.MEET),
    ]


def test_where_no_policy_matches_any_more_the_target_is_cleared_with_its_cause() -> None:
    changes = promise(resolution=100), promise(minutes=60, cause="policy")
    ledger = replay(OPENED, [fact(500, Happening.SOLVED)], changes, now=LATER)
    assert [(one.kind, one.cause, one.due_at) for one in ledger][-2:] == [
        (Kind.CLEAR, "policy", None),
        (Kind.STOP, "solved", None),
    ]
    assert replay(OPENED, [], [promise()], now=LATER) == []


def test_a_promise_that_comes_later_counts_from_the_opening() -> None:
    ledger = replay(
        OPENED, [], [promise(), promise(minutes=10, cause="policy", resolution=60)], now=after(20)
    )
    assert [(one.at, one.kind, one.cause, one.due_at) for one in ledger] == [
        (after(10), Kind.START, "policy", after(60))
    ]


def test_a_ticket_without_targets_from_its_opening_is_refused() -> None:
    for changes in ((), (promise(minutes=1, resolution=5),)):
        with pytest.raises(ValueError, match="targets that the ticket was opened with"):
            replay(OPENED, [], changes, now=LATER)


KINDS = st.sampled_from(list(Happening))
MINUTES = st.integers(0, 4000)
FACTS = st.lists(st.builds(fact, MINUTES, KINDS), max_size=10)
CALENDARS = st.sampled_from([ALWAYS, OFFICE])


@st.composite
def changes(draw: st.DrawFn) -> list[Change]:
    found = []
    for minutes in [0, *sorted(draw(st.lists(st.integers(1, 4000), max_size=3, unique=True)))]:
        targets = draw(st.dictionaries(st.sampled_from(list(Metric)), st.integers(1, 2000), max_size=3))
        calendar = draw(CALENDARS)
        found.append(
            promise(
                calendar,
                minutes,
                f"change {minutes}",
                **{str(name): value for name, value in targets.items()},
            )
        )
    return found


@settings(max_examples=400, deadline=None)
@given(facts=FACTS, targets=changes(), early=MINUTES, late=MINUTES)
def test_told_later_the_ledger_goes_on_where_it_ended(
    facts: list[Fact], targets: list[Change], early: int, late: int
) -> None:
    early, late = sorted((early, late))
    before = replay(OPENED, facts, targets, now=after(early))
    assert [
        one for one in replay(OPENED, facts, targets, now=after(late)) if one.at <= after(early)
    ] == before


@settings(max_examples=200, deadline=None)
@given(facts=FACTS, targets=changes())
def test_facts_may_come_in_any_order(facts: list[Fact], targets: list[Change]) -> None:
    apart = list({one.at: one for one in facts}.values())
    assert replay(OPENED, apart[::-1], targets, now=LATER) == replay(OPENED, apart, targets, now=LATER)


@settings(max_examples=200, deadline=None)
@given(facts=FACTS, minutes=st.integers(1, 2000), calendar=CALENDARS)
def test_a_resolution_is_breached_once_the_open_time_outside_its_pauses_has_run_out(
    facts: list[Fact], minutes: int, calendar: Calendar
) -> None:
    ledger = replay(OPENED, facts, [promise(calendar, resolution=minutes)], now=LATER)
    breach = next((one for one in ledger if one.metric == RESOLUTION and one.kind == Kind.BREACH), None)
    end = breach.at if breach else LATER
    worked = sum(
        (open_time(began, ended, calendar) for began, ended in working_times(facts, end)), timedelta()
    )
    if breach is not None:
        assert worked == timedelta(minutes=minutes)
    else:
        assert worked <= timedelta(minutes=minutes)


def working_times(facts: list[Fact], end: datetime) -> list[tuple[datetime, datetime]]:
    """The times up to ``end`` in which somebody worked, written down by walking through the facts."""
    found, since = [], OPENED
    is_working = True
    for one in sorted(facts, key=lambda one: one.at):
        if one.at > end or one.what not in (Happening.WAITING, Happening.WORKING, Happening.SOLVED):
            continue
        if is_working:
            found.append((since, one.at))
        is_working, since = one.what == Happening.WORKING, one.at
    return [*found, (since, end)] if is_working and since <= end else found


@settings(max_examples=200, deadline=None)
@given(facts=FACTS, targets=changes())
def test_no_clock_is_told_twice_without_another_promise_in_between(
    facts: list[Fact], targets: list[Change]
) -> None:
    seen: set[tuple[Metric, int, int]] = set()
    for one in replay(OPENED, facts, targets, now=LATER):
        if one.kind in (Kind.RECOMPUTE, Kind.CLEAR):
            seen = {key for key in seen if key[:2] != (one.metric, one.cycle)}
        if one.kind in (Kind.WARN, Kind.BREACH):
            key = (one.metric, one.cycle, one.percent or 100)
            assert key not in seen
            seen.add(key)
            assert one.minutes is not None


def test_the_shown_minutes_agree_with_the_calendar() -> None:
    [start, *_] = replay(OPENED, [], [promise(OFFICE, first_response=480)], now=OPENED)
    assert isinstance(start, Entry)
    assert start.due_at is not None
    assert business_minutes(OPENED, start.due_at, OFFICE) == start.minutes == 480
