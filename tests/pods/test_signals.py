"""Signals open, follow their number and close, by declared triggers."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account, TimelineEvent
from metrics.models import MetricValue, RefreshRun
from pods.models import Signal
from pods.playbooks import SIGNALS, triggers
from pods.services import close_undeclared_signals
from support.clocks.keeping import keep_clocks
from support.clocks.marks import mark_tickets
from support.models import Ticket
from tests.metrics.facts import (
    LAST,
    TODAY,
    ago,
    make_account,
    make_contact,
    make_line,
    make_ticket,
    make_touch,
    refresh,
    roll_up,
)

pytestmark = pytest.mark.django_db
EPOCH = date(1970, 1, 1)


def put(account: Account, key: str, value: Any, as_of: date = TODAY) -> None:
    MetricValue.objects.update_or_create(
        account_id=account.pk, key=key, as_of=as_of, defaults={"value": Decimal(str(value))}
    )


def follow(key: str, as_of: date = TODAY) -> list[str]:
    """Follow one trigger and return the reasons of its open signals."""
    roll_up(f"{key}{SIGNALS}", as_of)
    return list(
        Signal.objects.filter(trigger=key, closed_on=None)
        .order_by("account_id")
        .values_list("reason", flat=True)
    )


def test_a_signal_opens_follows_its_number_and_closes() -> None:
    account = make_account()
    put(account, "metrics.health_score", 41)
    assert follow("metrics.health_red") == ["Health is red at 41 points"]
    put(account, "metrics.health_score", 37.6, ago(-1))
    assert follow("metrics.health_red", ago(-1)) == ["Health is red at 38 points"]
    signal = Signal.objects.get()
    assert (signal.opened_on, signal.value, signal.severity) == (TODAY, Decimal("37.6"), "risk")
    put(account, "metrics.health_score", 60, ago(-2))
    assert follow("metrics.health_red", ago(-2)) == []
    signal.refresh_from_db()
    assert signal.closed_on == ago(-2)
    put(account, "metrics.health_score", 20, ago(-3))
    follow("metrics.health_red", ago(-3))
    assert Signal.objects.count() == 2, "what comes back is a new signal"


def test_a_repeat_changes_nothing() -> None:
    account = make_account()
    put(account, "metrics.health_score", 41)
    follow("metrics.health_red")
    before = Signal.objects.values().get()
    assert roll_up(f"metrics.health_red{SIGNALS}") == 0
    assert Signal.objects.values().get() == before
    assert TimelineEvent.objects.count() == 1


def test_an_opened_signal_is_told_on_the_timeline_in_its_category() -> None:
    account = make_account()
    make_line(account, ago(100))
    put(account, "product.usage_trend", "0.42")
    put(account, "finance.arr", 100)
    follow("product.usage_fall")
    event = TimelineEvent.objects.get()
    assert (event.account, event.title, event.category) == (
        account,
        "Usage is 58% below its norm",
        "product_usage",
    )
    assert event.subject_id == Signal.objects.get().pk
    assert event.happened_at.date() == TODAY


def test_an_earlier_day_than_the_newest_changes_nothing() -> None:
    account = make_account()
    put(account, "metrics.health_score", 41, ago(9))
    RefreshRun.objects.create(as_of=TODAY, state="done")
    assert follow("metrics.health_red", ago(9)) == []


def test_a_failed_input_leaves_its_signals_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from metrics.registry import metrics

    account = make_account("growth")
    make_line(account, ago(300), terms={"end_on": ago(-30), "auto_renew": True})
    refresh(ago(1))
    assert Signal.objects.filter(trigger="finance.renewal_near", closed_on=None).exists()

    def broken(as_of: date) -> Any:
        raise ZeroDivisionError

    monkeypatch.setitem(
        metrics._items, "finance.renewal_on", replace(metrics["finance.renewal_on"], query=broken)
    )
    run = refresh()
    assert "finance.renewal_near:signals" in set(run.steps.failed().values_list("key", flat=True))
    assert Signal.objects.filter(trigger="finance.renewal_near", closed_on=None).exists()


def test_signals_of_a_trigger_that_is_gone_are_closed() -> None:
    account = make_account()
    for key in ("old.trigger", "metrics.health_red"):
        Signal.objects.create(
            account=account,
            trigger=key,
            severity="risk",
            category="account_profile",
            reason="x",
            opened_on=ago(9),
        )
    declared = [trigger.key for trigger in triggers]
    assert close_undeclared_signals(declared=declared, as_of=TODAY, first=0, last=LAST) == 1
    assert Signal.objects.get(closed_on=None).trigger == "metrics.health_red"


def test_signals_of_deleted_accounts_close() -> None:
    account = make_account()
    put(account, "metrics.health_score", 41)
    follow("metrics.health_red")
    Account.objects.update(deleted_at="2026-11-20T00:00:00Z")
    assert follow("metrics.health_red") == []


@pytest.mark.parametrize(
    ("key", "metric", "value", "reason"),
    [
        ("metrics.health_dropped", "metrics.health_change", -10, "Health fell by 10 points in a month"),
        ("metrics.health_dropped", "metrics.health_change", "-9.9", None),
        ("metrics.health_red", "metrics.health_score", 50, None),
        ("product.usage_fall", "product.usage_trend", "0.7", None),
        ("product.usage_surge", "product.usage_trend", "1.305", "Usage is 31% above its norm"),
        ("product.usage_surge", "product.usage_trend", "1.3", None),
        ("finance.contraction", "finance.arr_change_90d", "-0.05", "ARR fell by 5% in 90 days"),
        ("finance.contraction", "finance.arr_change_90d", "-0.049", None),
        ("finance.expansion", "finance.arr_change_90d", "0.25", "ARR rose by 25% in 90 days"),
        ("support.urgent_late", "support.late_urgent_tickets", 1, "An urgent ticket is past its first-response target"),
        ("support.urgent_late", "support.late_urgent_tickets", 1200,
         "1,200 urgent tickets are past their first-response target"),
        ("support.urgent_late", "support.late_urgent_tickets", 0, None),
        ("engagement.no_touch", "engagement.days_since_touch", 60, "No touch for 60 days"),
        ("engagement.no_touch", "engagement.days_since_touch", 59, None),
        ("engagement.single_threaded", "engagement.active_contacts", 1,
         "Only one contact took part in a touch in 90 days"),
        ("engagement.single_threaded", "engagement.active_contacts", 0, "No contact took part in a touch in 90 days"),
        ("engagement.single_threaded", "engagement.active_contacts", 2, None),
        ("finance.renewal_near", "finance.renewal_on", (TODAY - EPOCH).days + 1, "Renewal on 21 Nov 2026"),
        ("finance.renewal_near", "finance.renewal_on", (TODAY - EPOCH).days + 90, "Renewal on 18 Feb 2027"),
        ("finance.renewal_near", "finance.renewal_on", (TODAY - EPOCH).days + 91, None),
    ],
)  # fmt: skip
def test_each_trigger_holds_from_its_threshold_on(
    key: str, metric: str, value: Any, reason: str | None
) -> None:
    account = make_account("growth")
    put(account, "finance.arr", 100)
    put(account, "metrics.health_score", 60)
    put(account, metric, value)
    assert follow(key) == ([reason] if reason else [])


def test_a_fall_that_leaves_the_account_green_is_no_signal() -> None:
    account = make_account()
    put(account, "metrics.health_change", -20)
    put(account, "metrics.health_score", 75)
    assert follow("metrics.health_dropped") == []
    put(account, "metrics.health_score", "74.9")
    assert follow("metrics.health_dropped") == ["Health fell by 20 points in a month"]


@pytest.mark.parametrize(
    ("lifecycle", "arr", "is_watched"),
    [("customer", 0, True), ("customer", 100, True), ("prospect", 100, True), ("prospect", 0, False)],
)
def test_customers_are_those_that_health_is_counted_for(lifecycle: str, arr: int, is_watched: bool) -> None:
    account = make_account("growth", lifecycle=lifecycle)
    put(account, "finance.arr", arr)
    put(account, "product.usage_trend", "0.42")
    assert len(follow("product.usage_fall")) == is_watched


def test_silence_of_digitally_served_accounts_is_no_signal() -> None:
    account = make_account("standard")
    put(account, "finance.arr", 100)
    put(account, "engagement.days_since_touch", 99)
    assert follow("engagement.no_touch") == ["No touch for 99 days"]
    roll_up("tiers.tenures")
    assert follow("engagement.no_touch") == []


def test_a_whole_refresh_opens_what_is_wrong() -> None:
    account = make_account("strategic")
    make_line(account, ago(300), terms={"end_on": TODAY + timedelta(days=20)})
    make_ticket(account, ago(3), priority="urgent")
    make_touch(account, ago(70), make_contact(account))
    mark_tickets(Ticket.objects.all())
    keep_clocks()
    refresh()
    held = set(Signal.objects.filter(closed_on=None).values_list("trigger", flat=True))
    assert {
        "finance.renewal_near",
        "support.urgent_late",
        "engagement.no_touch",
        "engagement.single_threaded",
    } <= held
