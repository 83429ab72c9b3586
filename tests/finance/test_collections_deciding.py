"""Who is asked today and who isn't: the decision by itself, without a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finance.collections.claims import Claim, Owed
from finance.collections.deciding import Verdict, decide
from finance.collections.policy import read_thresholds
from finance.collections.wording import filled, problems_of
from tests.finance.owing import make_stage

DUE = date(2026, 11, 1)


@dataclass(frozen=True)
class Sent:
    stage: int
    attempt: int
    asked_on: date
    state: str = "sent"


def on(day: date, *owed: str, currency: str = "EUR") -> Claim:
    rows = [
        Owed(place, f"I{place}", 1, currency, DUE, Decimal(amount)) for place, amount in enumerate(owed, 1)
    ]
    return Claim(1, currency, day, rows)


def after(days: int) -> date:
    return DUE + timedelta(days=days)


STAGES = (
    make_stage(name="First", days_overdue=5),
    make_stage(name="Second", days_overdue=20, attempts=1, delay_days=7),
)


def verdict(days: int, *messages: Sent, amount: str = "200") -> Verdict:
    return decide(on(after(days), amount), STAGES, messages)


def test_the_steps_of_a_customer_who_never_pays() -> None:
    told = {
        "too early": verdict(4),
        "first": verdict(5),
        "a day later": verdict(6, Sent(1, 1, after(5))),
        "second attempt": verdict(7, Sent(1, 1, after(5))),
        "until the next stage": verdict(12, Sent(1, 1, after(5)), Sent(1, 2, after(7))),
        "next stage": verdict(20, Sent(1, 1, after(5)), Sent(1, 2, after(7))),
        "right after the last": verdict(23, Sent(1, 2, after(7)), Sent(2, 1, after(20))),
        "nothing is left": verdict(27, Sent(1, 2, after(7)), Sent(2, 1, after(20))),
    }
    assert {key: (each.kind, each.stage, each.attempt) for key, each in told.items()} == {
        "too early": ("wait", 1, 1),
        "first": ("ask", 1, 1),
        "a day later": ("wait", 1, 2),
        "second attempt": ("ask", 1, 2),
        "until the next stage": ("wait", 2, 1),
        "next stage": ("ask", 2, 1),
        "right after the last": ("wait", 0, 0),
        "nothing is left": ("exhausted", 0, 0),
    }
    assert told["a day later"].next_on == after(7)
    assert told["until the next stage"].next_on == after(20)


def test_whoever_is_found_late_begins_with_the_first_stage() -> None:
    assert (verdict(60).stage, verdict(60).attempt) == (1, 1)
    # The next stage waits for the delay after the first message, and then goes before a second attempt.
    assert verdict(61, Sent(1, 1, after(60))).kind == "wait"
    assert (verdict(62, Sent(1, 1, after(60))).stage, verdict(62, Sent(1, 1, after(60))).kind) == (2, "ask")


def test_the_newest_message_counts_whatever_its_step() -> None:
    # Of two accounts that were merged one was at a later step, the other was asked later.
    told = verdict(10, Sent(1, 2, after(6)), Sent(1, 1, after(9)))
    assert (told.kind, told.next_on) == ("wait", after(20))
    told = verdict(21, Sent(1, 2, after(6)), Sent(1, 1, after(20)))
    assert (told.kind, told.stage, told.next_on) == ("wait", 2, after(22))
    assert verdict(21, Sent(1, 2, after(6)), Sent(1, 1, after(18), "unknown")).kind == "pending"


def test_a_threshold_is_reached_by_the_amount_itself() -> None:
    assert verdict(5, amount="149.99").kind == "below"
    assert verdict(5, amount="150").kind == "ask"
    assert decide(on(after(5), "9000", currency="CHF"), STAGES, ()).kind == "below"


@pytest.mark.parametrize("state", ["queued", "claimed", "failed", "unknown"])
def test_nobody_is_asked_again_while_a_message_is_undecided(state: str) -> None:
    assert verdict(15, Sent(1, 1, after(5), state)).kind == "pending"


def test_people_come_before_mails_where_collections_go_by_relationship() -> None:
    claim = on(after(5), "200")
    assert decide(claim, STAGES, (), is_relationship=True).kind == "relationship"
    assert decide(claim, STAGES, (), is_relationship=True, released=(1,)).kind == "ask"
    assert decide(claim, STAGES, (), is_relationship=True, released=(2,)).kind == "relationship"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    days=st.lists(st.integers(0, 90), min_size=1, max_size=80),
    attempts=st.integers(1, 4),
    delay=st.integers(1, 9),
)
def test_however_the_clock_moves_nothing_is_sent_twice_or_too_often(
    days: list[int], attempts: int, delay: int
) -> None:
    stages = (make_stage(attempts=attempts, delay_days=delay),)
    sent: list[Sent] = []
    for day in days:
        told = decide(on(after(day), "200"), stages, sent)
        if told.is_due:
            sent.append(Sent(told.stage, told.attempt, after(day)))
    assert len(sent) <= attempts
    assert len({(each.stage, each.attempt) for each in sent}) == len(sent)
    gaps = [(later.asked_on - earlier.asked_on).days for earlier, later in pairwise(sent)]
    assert all(gap >= delay for gap in gaps)


@pytest.mark.parametrize(
    "text", ["{", "}", "{amout}", "{amount.real}", "{0}", "{}", "{amount!r}", "{amount:>9}"]
)
def test_what_cannot_be_filled_in_is_refused(text: str) -> None:
    assert problems_of(f"Hello {text}")


def test_values_are_never_read_for_placeholders() -> None:
    assert problems_of("{{x}} {account}") == ""
    assert filled("{{x}} {account}", {"account": "{amount}", "amount": "9"}) == "{x} {amount}"


@pytest.mark.parametrize(
    "text",
    [
        "EUR",
        "150",
        "EUR x",
        "EUR NaN",
        "EURO 5",
        "EUR 1\nEUR 2",
        "EUR 99,50",
        "EUR 1.500",
        "EUR -0",
        "EUR 1e3",
    ],
)
def test_thresholds_are_a_currency_and_an_amount_a_line(text: str) -> None:
    with pytest.raises(ValidationError):
        read_thresholds(text)


def test_thresholds_are_read_as_people_write_them() -> None:
    assert read_thresholds("eur 1,500.50\n\n usd  100 ") == {"EUR": Decimal("1500.50"), "USD": Decimal(100)}
